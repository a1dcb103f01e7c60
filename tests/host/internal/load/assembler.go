package load

import "github.com/ava-labs/libevm/core/vm"

// assembler writes EVM code in one pass. Labels are single bytes, so code ends
// at 256 bytes.
type assembler struct {
	code   []byte
	labels map[string]byte
	jumps  map[int]string // where the byte of a label goes
}

func newAssembler() *assembler {
	return &assembler{labels: map[string]byte{}, jumps: map[int]string{}}
}

func (a *assembler) op(ops ...vm.OpCode) *assembler {
	for _, o := range ops {
		a.code = append(a.code, byte(o))
	}
	return a
}

func (a *assembler) push(b ...byte) *assembler {
	a.code = append(append(a.code, byte(vm.PUSH1)+byte(len(b)-1)), b...)
	return a
}

func (a *assembler) jumpIf(label string) *assembler {
	a.jumps[len(a.code)+1] = label
	return a.push(0).op(vm.JUMPI)
}

func (a *assembler) label(name string) *assembler {
	a.labels[name] = byte(len(a.code))
	return a.op(vm.JUMPDEST)
}

func (a *assembler) bytes() []byte {
	for at, label := range a.jumps {
		a.code[at] = a.labels[label]
	}
	return a.code
}
