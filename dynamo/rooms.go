package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"parley/chat"
)

// maxParallel is how many calls one call of the store makes at the same time.
const maxParallel = 32

// maxRoomsRead bounds what listing rooms costs. Of more rooms with a log, those
// whose names sort first are listed.
const maxRoomsRead = 500

// Rooms returns the rooms with a log, the most recently spoken in first. One
// query for the names and one for each head. Eventually consistent: a list of
// rooms may be a second old.
func (s *Store) Rooms(ctx context.Context, limit int) ([]chat.RoomHead, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var heads []chat.RoomHead
	for p, err := range s.pages(ctx, query{partition: roomsPartition, projection: []string{sortKey}, limit: maxRoomsRead, eventual: true}) {
		if err != nil {
			return nil, fmt.Errorf("list rooms: %w", err)
		}
		for _, row := range p.rows {
			heads = append(heads, chat.RoomHead{Room: getText(row, sortKey)})
		}
		if len(heads) >= maxRoomsRead {
			break
		}
	}
	if err := s.readHeads(ctx, heads); err != nil {
		return nil, fmt.Errorf("list rooms: %w", err)
	}
	heads = slices.DeleteFunc(heads, func(h chat.RoomHead) bool { return h.Head == 0 }) // about to be spoken in, or never was
	slices.SortFunc(heads, func(a, b chat.RoomHead) int {
		return cmp.Or(cmp.Compare(b.At, a.At), strings.Compare(a.Room, b.Room))
	})
	return heads[:max(0, min(limit, len(heads)))], nil
}

// RoomsAfter yields the names of all rooms that come after one. One query for
// each 500. Eventually consistent, as Rooms is.
func (s *Store) RoomsAfter(ctx context.Context, room string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		q := query{partition: roomsPartition, projection: []string{sortKey}, limit: maxRoomsRead, eventual: true}
		if room != "" {
			q.sort, q.from = sortKey+" > :from", room
		}
		for p, err := range s.pages(ctx, q) {
			if err != nil {
				yield("", fmt.Errorf("list rooms: %w", err))
				return
			}
			for _, row := range p.rows {
				if !yield(getText(row, sortKey), nil) {
					return
				}
			}
		}
	}
}

func (s *Store) readHeads(ctx context.Context, heads []chat.RoomHead) error {
	var all sync.WaitGroup
	slots := make(chan struct{}, maxParallel)
	errs := make([]error, len(heads))
	for i := range heads {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			h, err := s.readHead(ctx, heads[i].Room, true)
			heads[i].Head, heads[i].At, errs[i] = h.seq, h.at, err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
