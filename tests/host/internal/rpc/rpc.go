// Package rpc is a JSON-RPC client that knows no chain's header type.
package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// timeout of one request: a host whose plugin died never answers.
	timeout = 10 * time.Second
	// busyTimeout is for requests that wait behind a load.
	busyTimeout = 30 * time.Second
)

// Client talks to one URL.
type Client struct {
	url  string
	http http.Client
}

// Error is the error that a node answered with.
type Error struct {
	Code    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

type reply struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *Error
}

// New makes a client.
func New(url string) *Client { return &Client{url: url, http: http.Client{Timeout: timeout}} }

// NewBusy makes a client that keeps a number of connections open.
func NewBusy(url string, connections int) *Client {
	return &Client{url: url, http: http.Client{
		Timeout: busyTimeout,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true,
		},
	}}
}

// Call sends one request and decodes its result into out.
func (c *Client) Call(ctx context.Context, out any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	b, err := c.post(ctx, body)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var r reply
	if err := json.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("%s: %w in %.200s", method, err, b)
	}
	if r.Error != nil {
		return fmt.Errorf("%s: %w", method, r.Error)
	}
	if err := json.Unmarshal(r.Result, out); err != nil {
		return fmt.Errorf("%s: %w in %.200s", method, err, b)
	}
	return nil
}

// Quantity sends one request whose result is a hex number.
func (c *Client) Quantity(ctx context.Context, method string, params ...any) (uint64, error) {
	var s string
	if err := c.Call(ctx, &s, method, params...); err != nil {
		return 0, err
	}
	return ParseQuantity(s)
}

// ParseQuantity reads a hex number.
func ParseQuantity(s string) (uint64, error) {
	if len(s) < 3 || s[:2] != "0x" {
		return 0, fmt.Errorf("not a quantity: %q", s)
	}
	return strconv.ParseUint(s[2:], 16, 64)
}

func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %s: %.200s", resp.Status, b)
	}
	return b, err
}
