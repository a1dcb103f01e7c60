// Command gossip-vectors prints what avalanchego's own packages make of gossip:
// filters with ids that are in them or not, messages, and malformed messages.
// The seeds of filters are random, so every run prints others.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/ava-labs/avalanchego/network/p2p"
	"github.com/ava-labs/avalanchego/network/p2p/gossip"
	"github.com/ava-labs/avalanchego/utils/bloom"
)

type vectors struct {
	Parameters []parameters `json:"parameters"`
	Filters    []filter     `json:"filters"`
	Pushes     []elements   `json:"pushes"`
	Responses  []elements   `json:"responses"`
	Requests   []request    `json:"requests"`
	Odd        []odd        `json:"odd"`
	Handlers   []handler    `json:"handlers"`
}

// parameters are what a filter for so many ids at 1 % has, and when it reaches 5 %.
type parameters struct {
	Ids    int `json:"ids"`
	Hashes int `json:"hashes"`
	Bytes  int `json:"bytes"`
	Full   int `json:"full"`
}

type filter struct {
	Bytes string  `json:"bytes"`
	Salt  string  `json:"salt"`
	Ids   []entry `json:"ids"`
}

type entry struct {
	ID       string `json:"id"`
	Contains bool   `json:"contains"`
}

type elements struct {
	Elements []string `json:"elements"`
	Bytes    string   `json:"bytes"`
}

type request struct {
	Salt   string `json:"salt"`
	Filter string `json:"filter"`
	Bytes  string `json:"bytes"`
}

// odd are bytes that are read as a request and as elements; null: refused.
type odd struct {
	Bytes    string    `json:"bytes"`
	Request  bool      `json:"request"`
	Elements *[]string `json:"elements"`
}

type handler struct {
	ID    uint64 `json:"id"`
	Bytes string `json:"bytes"`
}

func main() {
	v, err := generate()
	if err == nil {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		err = out.Encode(v)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gossip-vectors:", err)
		os.Exit(1)
	}
}

func generate() (v vectors, err error) {
	for _, ids := range []int{1, 100, 8_192, 100_000} {
		hashes, size := bloom.OptimalParameters(ids, .01)
		v.Parameters = append(v.Parameters, parameters{ids, hashes, size, bloom.EstimateCount(hashes, size, .05)})
	}
	for hashes := 1; hashes <= 16; hashes++ {
		f, err := makeFilter(hashes, 3*hashes)
		if err != nil {
			return v, err
		}
		v.Filters = append(v.Filters, f)
	}
	for _, sizes := range [][]int{{}, {0}, {1}, {127, 128}, {110, 300, 0, 5}} {
		all, texts := elementsOf(sizes)
		push, err := gossip.MarshalAppGossip(all)
		if err != nil {
			return v, err
		}
		response, err := gossip.MarshalAppResponse(all)
		if err != nil {
			return v, err
		}
		v.Pushes = append(v.Pushes, elements{texts, text(p2p.PrefixMessage(p2p.ProtocolPrefix(p2p.TxGossipHandlerID), push))})
		v.Responses = append(v.Responses, elements{texts, text(response)})
	}
	for _, f := range v.Filters[:3] {
		salt, err := hex.DecodeString(f.Salt)
		if err != nil {
			return v, err
		}
		bits, err := hex.DecodeString(f.Bytes)
		if err != nil {
			return v, err
		}
		b, err := gossip.MarshalAppRequest(bits, salt)
		if err != nil {
			return v, err
		}
		v.Requests = append(v.Requests, request{f.Salt, f.Bytes, text(p2p.PrefixMessage(p2p.ProtocolPrefix(p2p.TxGossipHandlerID), b))})
	}
	v.Odd = odds(v.Requests[0].Bytes)
	for _, id := range []uint64{0, 1, 2, 127, 128, 0x5041, 1<<63 + 1} {
		v.Handlers = append(v.Handlers, handler{id, text(p2p.PrefixMessage(p2p.ProtocolPrefix(id), []byte{0xab}))})
	}
	return v, nil
}

func makeFilter(hashes, size int) (filter, error) {
	f, err := bloom.New(hashes, size)
	if err != nil {
		return filter{}, err
	}
	salt := id(1_000 + hashes)
	for i := range 2 + size/4 {
		bloom.Add(f, id(i), salt)
	}
	out := filter{Bytes: text(f.Marshal()), Salt: text(salt)}
	for i := range 24 {
		out.Ids = append(out.Ids, entry{text(id(i)), bloom.Contains(f, id(i), salt)})
	}
	return out, nil
}

func odds(whole string) (all []odd) {
	request, _ := hex.DecodeString(whole)
	request = request[1:]
	for _, b := range [][]byte{
		{}, {0x0a}, {0x0a, 0x01}, {0x0a, 0x01, 0x41}, {0x0a, 0x80, 0x00}, {0x8a, 0x00, 0x01, 0x41},
		{0x08, 0x01}, {0x20, 0xff, 0x01, 0x0a, 0x01, 0x42}, {0x0d, 1, 2, 3, 4, 0x0a, 0}, {0x09, 1, 2, 3, 4, 5, 6, 7, 8}, {0x0d, 1},
		{0x0e}, {0x0f}, {0x00, 0x01}, {0x02, 0x00},
		{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		request, request[:len(request)-1], append(bytes.Clone(request), request...), append([]byte{0x12, 0x01, 0x07}, request...),
		append(bytes.Clone(request), 0x1a, 0x00), append(bytes.Clone(request), 0x12, 0x00),
	} {
		_, _, err := gossip.ParseAppRequest(b)
		o := odd{Bytes: text(b), Request: err == nil}
		if parsed, err := gossip.ParseAppGossip(b); err == nil {
			texts := []string{}
			for _, p := range parsed {
				texts = append(texts, text(p))
			}
			o.Elements = &texts
		}
		all = append(all, o)
	}
	return all
}

func elementsOf(sizes []int) (all [][]byte, texts []string) {
	texts = []string{}
	for i, size := range sizes {
		e := bytes.Repeat([]byte{byte(i + 1)}, size)
		all, texts = append(all, e), append(texts, text(e))
	}
	return all, texts
}

// id is some 32 bytes.
func id(number int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(number)))
	return sum[:]
}

func text(b []byte) string { return hex.EncodeToString(b) }
