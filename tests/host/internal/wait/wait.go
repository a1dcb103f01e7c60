// Package wait waits, or less where the context ends.
package wait

import (
	"context"
	"errors"
	"time"
)

// For waits so long; an error where ctx ended before.
func For(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return errors.New("stopped")
	case <-time.After(d):
		return nil
	}
}
