package smoke

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gorilla/websocket"
)

// follow subscribes to new heads at node 0 and notes them until the connection
// ends. The function it gives waits for that, and tells what was shown.
func (c *check) follow(ctx context.Context) func() ([]block, error) {
	type result struct {
		heads []block
		err   error
	}
	done := make(chan result, 1)
	go func() {
		heads, err := c.heads(ctx)
		done <- result{heads, err}
	}()
	return func() ([]block, error) {
		r := <-done
		return r.heads, r.err
	}
}

func (c *check) heads(ctx context.Context) ([]block, error) {
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, c.net.SocketURL(0), nil)
	if err != nil {
		return nil, fmt.Errorf("a WebSocket at node0: %w", err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}`)); err != nil {
		return nil, err
	}
	var heads []block
	for {
		var m struct {
			Error  json.RawMessage
			Params struct{ Result block }
		}
		if err := conn.ReadJSON(&m); err != nil {
			return heads, nil // it was killed
		}
		if m.Error != nil {
			return nil, fmt.Errorf("subscribing: %s", m.Error)
		}
		if m.Params.Result.Number != "" {
			heads = append(heads, m.Params.Result)
		}
	}
}
