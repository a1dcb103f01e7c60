package network

import (
	"errors"
	"os"
	"path/filepath"
)

// SaveDatabases copies the databases of the hosts, which are stopped, and leaves
// the plugins' folders alone.
func (n *Network) SaveDatabases() error {
	var errs []error
	for i := range n.nodes {
		saved := n.savedDatabase(i)
		errs = append(errs, os.RemoveAll(saved), os.CopyFS(saved, os.DirFS(n.database(i))))
	}
	return errors.Join(errs...)
}

// PutBackDatabases replaces the databases of the hosts, which are stopped, by
// the copies.
func (n *Network) PutBackDatabases() error {
	var errs []error
	for i := range n.nodes {
		errs = append(errs, os.RemoveAll(n.database(i)), os.Rename(n.savedDatabase(i), n.database(i)))
	}
	return errors.Join(errs...)
}

func (n *Network) database(i int) string { return filepath.Join(n.dir(i), "db") }

func (n *Network) savedDatabase(i int) string { return filepath.Join(n.dir(i), "db.saved") }
