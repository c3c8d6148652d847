package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/go-json-experiment/json"
)

// OutboxFile keeps an outbox in a file, for its owner alone: a line for each
// message that was added and for each that was removed. It belongs to one Client
// at a time.
type OutboxFile struct {
	name string
	mu   sync.Mutex
	file *os.File // nil until something is written
}

// NewOutboxFile names the file, which is made with the first Add, as is its folder.
func NewOutboxFile(name string) *OutboxFile { return &OutboxFile{name: name} }

type outboxLine struct {
	Add    *Item  `json:"add,omitzero"`
	Remove string `json:"remove,omitzero"`
}

// Load reads the file and writes it anew with what is left. A last line that was
// cut off was never told to be kept; any other damage is told, as DamagedError.
func (f *OutboxFile) Load() ([]Item, error) {
	b, err := os.ReadFile(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read what was not sent: %w", err)
	}
	var items []Item
	for len(b) > 0 {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if b = rest; !whole {
			break
		}
		var line outboxLine
		if err := json.Unmarshal(text, &line); err != nil {
			return nil, &DamagedError{File: f.name}
		}
		if line.Add != nil {
			items = append(items, *line.Add)
			continue
		}
		for i := range items {
			if items[i].ID == line.Remove {
				items = append(items[:i], items[i+1:]...)
				break
			}
		}
	}
	var left bytes.Buffer
	for i := range items {
		left.Write(encodeLine(outboxLine{Add: &items[i]}))
	}
	if err := replaceFile(f.name, left.Bytes()); err != nil {
		return nil, fmt.Errorf("tidy what was not sent: %w", err)
	}
	return items, nil
}

// Add appends a message. It is durable when it returns.
func (f *OutboxFile) Add(item Item) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(outboxLine{Add: &item}); err != nil {
		return err
	}
	return f.file.Sync()
}

// Remove notes that a message needs no more sending. Where that is lost in a
// crash, it is sent again under its id, which does no harm.
func (f *OutboxFile) Remove(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.write(outboxLine{Remove: id})
}

// Close closes the file. The Client does not.
func (f *OutboxFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

func (f *OutboxFile) write(line outboxLine) error {
	if f.file == nil {
		file, err := appendTo(f.name)
		if err != nil {
			return err
		}
		f.file = file
	}
	whole, err := f.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	_, err = f.file.Write(encodeLine(line))
	if err != nil { // half a line would be taken for damage once others follow it
		err = errors.Join(err, f.file.Truncate(whole))
	}
	return err
}

func encodeLine(line outboxLine) []byte {
	b, err := json.Marshal(line)
	if err != nil { // a text is UTF-8 when it comes here
		panic("client: " + err.Error())
	}
	return append(b, '\n')
}
