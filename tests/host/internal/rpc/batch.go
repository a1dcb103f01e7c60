package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Batch sends one request a parameter in a single body and returns, in their
// order, how each ended. The parameters are JSON. An error beside the list
// means that nobody knows how they ended.
func (c *Client) Batch(ctx context.Context, method string, params [][]byte) ([]error, error) {
	b, err := c.post(ctx, batchBody(method, params))
	if err != nil {
		return nil, fmt.Errorf("%d × %s: %w", len(params), method, err)
	}
	ends, err := batchEnds(b, len(params))
	if err != nil {
		return nil, fmt.Errorf("%d × %s: %w", len(params), method, err)
	}
	return ends, nil
}

// batchBody is put together by hand, as encoding costs more than all else that
// a load generator does.
func batchBody(method string, params [][]byte) []byte {
	size := 2
	for _, p := range params {
		size += len(p) + len(method) + 64
	}
	body := append(make([]byte, 0, size), '[')
	for i, p := range params {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"jsonrpc":"2.0","id":`...)
		body = strconv.AppendInt(body, int64(i), 10)
		body = append(body, `,"method":"`...)
		body = append(body, method...)
		body = append(body, `","params":[`...)
		body = append(body, p...)
		body = append(body, `]}`...)
	}
	return append(body, ']')
}

// batchEnds sorts the answers, which may come in any order, by the ids that
// batchBody gave.
func batchEnds(body []byte, count int) ([]error, error) {
	var replies []reply
	if err := json.Unmarshal(body, &replies); err != nil {
		var one reply
		if json.Unmarshal(body, &one) == nil && one.Error != nil {
			return nil, one.Error
		}
		return nil, fmt.Errorf("%w in %.200s", err, body)
	}
	ends, answered := make([]error, count), make([]bool, count)
	for _, r := range replies {
		i, err := strconv.Atoi(string(r.ID))
		if err != nil || i < 0 || i >= count || answered[i] {
			return nil, fmt.Errorf("an answer to request %.50s, which was not asked or is answered twice", r.ID)
		}
		answered[i] = true
		if r.Error != nil {
			ends[i] = r.Error
		}
	}
	if len(replies) != count {
		return nil, errors.New("answers are missing: there are " + strconv.Itoa(len(replies)))
	}
	return ends, nil
}
