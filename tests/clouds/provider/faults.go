package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// fault is one thing that goes wrong, in the file that FRAZIL_WORLD_FAULTS names.
type fault struct {
	// Resource is a type, or TYPE:NAME with the value of the argument that names it.
	Resource string `json:"resource"`
	// Step is create, read, update or delete.
	Step string `json:"step"`
	// When is before (the default) or after the call; a crash is after unless said.
	When string `json:"when"`
	// Kind is error, quota, hang or crash.
	Kind string `json:"kind"`
	// Times is how often; none is once, a negative number is always.
	Times   int    `json:"times"`
	Message string `json:"message"`
	// AtOnce makes a crash lose what else is under way, as a real one does.
	AtOnce bool `json:"at_once"`
	// Seconds ends a hang; without it, it lasts until Terraform stops the provider or is killed.
	Seconds float64 `json:"seconds"`
}

type faults struct {
	file string
	list []fault

	mu sync.Mutex
	// underway are the changes that have begun and not yet answered.
	underway int
	crashing bool
}

// enter begins a change; once a crash is coming, none does.
func (f *faults) enter() {
	f.mu.Lock()
	if f.crashing {
		f.mu.Unlock()
		select {}
	}
	f.underway++
	f.mu.Unlock()
}

func (f *faults) leave() {
	f.mu.Lock()
	f.underway--
	f.mu.Unlock()
}

// alone waits until only the changes that are to be lost have no answer, so that a crash strikes the
// resource it names and no other.
func (f *faults) alone(own int) {
	f.mu.Lock()
	f.crashing = true
	f.mu.Unlock()
	for range 300 {
		f.mu.Lock()
		rest := f.underway
		f.mu.Unlock()
		if rest <= own {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	// The last answers have to reach Terraform.
	time.Sleep(300 * time.Millisecond)
}

func loadFaults(file string) (*faults, error) {
	f := &faults{file: file}
	if file == "" {
		return f, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, &f.list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i := range f.list {
		if err := f.list[i].check(); err != nil {
			return nil, fmt.Errorf("%s, fault %d: %w", file, i, err)
		}
	}
	return f, nil
}

func (f *fault) check() error {
	if f.When == "" {
		f.When = "before"
		if f.Kind == "crash" {
			f.When = "after"
		}
	}
	if f.Times == 0 {
		f.Times = 1
	}
	allowed := map[string][]string{
		f.Step: {"create", "read", "update", "delete"},
		f.When: {"before", "after"},
		f.Kind: {"error", "quota", "hang", "crash"},
	}
	for value, choices := range allowed {
		found := false
		for _, choice := range choices {
			found = found || choice == value
		}
		if !found {
			return fmt.Errorf("%q is none of %v", value, choices)
		}
	}
	return nil
}

// around makes a call with the faults due before and after it.
func (f *faults) around(c *call, step string, stop <-chan struct{}, do func() error) error {
	if err := f.strike(c, step, "before", stop); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return f.strike(c, step, "after", stop)
}

func (f *faults) strike(c *call, step, when string, stop <-chan struct{}) error {
	for i, one := range f.list {
		if one.Step != step || one.When != when || !c.named(one.Resource) {
			continue
		}
		due, err := f.use(i, one.Times)
		if err != nil {
			return err
		}
		if due {
			if one.Kind == "crash" && !one.AtOnce {
				f.alone(map[bool]int{true: 0, false: 1}[step == "read"])
			}
			return one.happen(c, stop)
		}
	}
	return nil
}

func (f fault) happen(c *call, stop <-chan struct{}) error {
	message := f.Message
	switch f.Kind {
	case "crash":
		fmt.Fprintln(os.Stderr, "a fault of the test ends this provider at", c.name())
		os.Exit(3)
	case "hang":
		var timeout <-chan time.Time
		if f.Seconds > 0 {
			timeout = time.After(time.Duration(f.Seconds * float64(time.Second)))
		}
		select {
		case <-stop:
			return errors.New("stopped while waiting for " + c.name())
		case <-timeout:
			return nil
		}
	case "quota":
		if message == "" {
			message = quotaMessage(c.typ)
		}
	}
	if message == "" {
		message = "InternalFailure: the request failed because of an internal error of the service (a fault of the test)"
	}
	return errors.New(message)
}

func quotaMessage(typ string) string {
	if len(typ) > 6 && typ[:6] == "google" {
		return "googleapi: Error 403: Quota 'CPUS' exceeded. Limit: 24.0 in this region., quotaExceeded"
	}
	return "api error ResourceLimitExceeded: the limit of this account for the resource is reached"
}

// use counts a fault in a file beside the list, for every call of Terraform starts the provider anew.
func (f *faults) use(i, times int) (bool, error) {
	lock, err := os.OpenFile(f.file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return false, err
	}
	used := map[string]int{}
	content, err := os.ReadFile(f.file + ".used")
	if err == nil {
		err = json.Unmarshal(content, &used)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	key := strconv.Itoa(i)
	if times >= 0 && used[key] >= times {
		return false, nil
	}
	used[key]++
	content, err = json.Marshal(used)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(f.file+".new", content, 0o600); err != nil {
		return false, err
	}
	return true, os.Rename(f.file+".new", f.file+".used")
}
