package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine is where a run takes place.
type Machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPU    string `json:"cpu,omitzero"`    // its model, as it calls itself
	Cores  int    `json:"cores"`           // that this process may use
	Kernel string `json:"kernel,omitzero"` // release
}

// ThisMachine says as much as it finds out: of CPU and kernel, on Linux.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, after, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(after, "\n")
		m.CPU = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
	}
	return m
}

func (m Machine) String() string {
	s := fmt.Sprintf("%d cores, %s/%s", m.Cores, m.OS, m.Arch)
	if m.CPU != "" {
		s = m.CPU + ", " + s
	}
	if m.Kernel != "" {
		s += " " + m.Kernel
	}
	return s
}
