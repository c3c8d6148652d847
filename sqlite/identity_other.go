//go:build !linux

package sqlite

import (
	"fmt"
	"os"
	"reflect"
)

// identity tells a file from a copy of it: by its inode, where there are such.
func identity(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat := reflect.Indirect(reflect.ValueOf(info.Sys())) // a Stat_t, which each system has its own of
	if stat.Kind() != reflect.Struct {
		return ""
	}
	if inode := stat.FieldByName("Ino"); inode.IsValid() {
		return fmt.Sprint(inode.Interface())
	}
	return ""
}
