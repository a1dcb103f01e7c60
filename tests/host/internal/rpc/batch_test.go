package rpc

import "testing"

func TestBatchBodyIsWhatTheStandardSays(t *testing.T) {
	got := string(batchBody("m", [][]byte{[]byte(`"a"`), []byte(`1`)}))
	want := `[{"jsonrpc":"2.0","id":0,"method":"m","params":["a"]},{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}]`
	if got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestBatchAnswersInAnyOrder(t *testing.T) {
	ends, err := batchEnds([]byte(`[{"id":1,"error":{"code":-32000,"message":"nonce too low"}},{"id":0,"result":"0x"}]`), 2)
	if err != nil || ends[0] != nil || ends[1] == nil || ends[1].Error() != "-32000 nonce too low" {
		t.Fatalf("got %v, %v", ends, err)
	}
}

func TestBatchRefusesAnswersThatDoNotFit(t *testing.T) {
	for name, body := range map[string]string{
		"one is missing":         `[{"id":0,"result":"0x"}]`,
		"one is there twice":     `[{"id":0,"result":"0x"},{"id":0,"result":"0x"}]`,
		"nobody asked":           `[{"id":0,"result":"0x"},{"id":2,"result":"0x"}]`,
		"no number":              `[{"id":0,"result":"0x"},{"id":null,"result":"0x"}]`,
		"one error for them all": `{"id":null,"error":{"code":-32600,"message":"batch too large"}}`,
		"no JSON":                `upstream gone`,
	} {
		if _, err := batchEnds([]byte(body), 2); err == nil {
			t.Errorf("%s: accepted %s", name, body)
		}
	}
}
