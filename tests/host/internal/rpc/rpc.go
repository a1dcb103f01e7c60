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

// timeout of one request: a host whose plugin died never answers.
const timeout = 10 * time.Second

// Client talks to one URL.
type Client struct {
	url  string
	http http.Client
}

// New makes a client.
func New(url string) *Client { return &Client{url: url, http: http.Client{Timeout: timeout}} }

// Call sends one request and decodes its result into out.
func (c *Client) Call(ctx context.Context, out any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %s: %.200s", method, resp.Status, b)
	}
	var reply struct {
		Result json.RawMessage
		Error  *struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(b, &reply); err != nil {
		return fmt.Errorf("%s: %w in %.200s", method, err, b)
	}
	if reply.Error != nil {
		return fmt.Errorf("%s: %d %s", method, reply.Error.Code, reply.Error.Message)
	}
	if err := json.Unmarshal(reply.Result, out); err != nil {
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
