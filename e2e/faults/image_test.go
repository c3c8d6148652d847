//go:build linux

package faults

import (
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A machine is a disk as it is while a trace is played to it: what is on it for
// sure, and what the system holds back or may write in any order.
type machine struct{ files map[string]*stored }

// stored is one file.
type stored struct {
	durable []byte // as of its last sync
	pending []step // since then: writes and truncations
	named   bool   // its name is in the directory for sure
	gone    bool   // deleted, perhaps not for sure
	before  *stored
}

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

func (m *machine) play(s step) {
	f := m.files[s.file]
	switch {
	case s.kind == told:
	case s.kind == marked:
		m.files[s.file] = &stored{durable: s.data, named: true}
	case s.kind == created:
		if f == nil || f.gone {
			m.files[s.file] = &stored{before: f}
		}
	case f == nil:
	case s.kind == written || s.kind == truncated:
		f.pending = append(f.pending, s)
	case s.kind == synced:
		for _, p := range f.pending {
			f.durable = p.apply(f.durable)
		}
		f.pending = nil
		if !f.named { // SQLite syncs the directory, too, the first time
			m.syncDirectory()
		}
	case s.kind == deleted:
		f.gone = true
	case s.kind == deletedForGood:
		f.gone = true
		m.syncDirectory()
	}
}

// syncDirectory makes names and deletions last.
func (m *machine) syncDirectory() {
	for name, f := range m.files {
		if f.gone {
			delete(m.files, name)
		}
		f.named, f.before = true, nil
	}
}

func (s step) apply(content []byte) []byte {
	if s.kind == truncated {
		return resize(content, s.offset)
	}
	if end := s.offset + int64(len(s.data)); int64(len(content)) < end {
		content = resize(content, end)
	}
	copy(content[s.offset:], s.data)
	return content
}

func resize(content []byte, size int64) []byte {
	if int64(len(content)) >= size {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// cut writes what a power cut may leave now into a directory: of what was not
// synced any part, sector by sector, in any order.
func (m *machine) cut(r *rand.Rand, dir string) error {
	kept := r.Float64() // of the sectors that were not synced
	if r.IntN(3) == 0 {
		kept = 0
	}
	for name, f := range m.files {
		for f != nil && (f.gone && r.IntN(2) == 0 || !f.named && r.IntN(2) == 0) {
			if f.gone {
				f = nil
			} else {
				f = f.before
			}
		}
		if f == nil {
			continue
		}
		content := append([]byte(nil), f.durable...)
		for _, p := range f.pending {
			if p.kind == truncated {
				if r.Float64() < kept {
					content = p.apply(content)
				}
				continue
			}
			for at := 0; at < len(p.data); {
				end := min(len(p.data), at+sector-int((p.offset+int64(at))%sector))
				if r.Float64() < kept {
					content = step{kind: written, offset: p.offset + int64(at), data: p.data[at:end]}.apply(content)
				}
				at = end
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
