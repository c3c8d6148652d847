package sqlite

import (
	"strings"
	"testing"
)

// TestNoScans asks SQLite how it will answer each statement: by an index, not
// by reading a table that grows.
func TestNoScans(t *testing.T) {
	s := openTest(t, Options{})
	queries := make(map[string]bool)
	for _, query := range s.read.all() {
		queries[query] = true
	}
	for _, query := range s.writer.st.all() {
		queries[query] = true
	}
	for query := range queries {
		if !strings.HasPrefix(query, "SELECT") && !strings.HasPrefix(query, "UPDATE") {
			continue
		}
		rows, err := s.writer.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			byIndex := strings.HasPrefix(detail, "SEARCH") || detail == "SCAN room USING INDEX room_spoken" // which ends at its LIMIT
			onlyRoom := strings.Contains(detail, "(room=?)")                                                // reads the whole room
			if !byIndex || onlyRoom {
				t.Errorf("%s\n is answered by %s", query, detail)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
}
