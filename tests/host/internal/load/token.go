package load

import (
	"encoding/binary"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/core/vm"
	"github.com/ava-labs/libevm/crypto"
)

var (
	transferSelector = crypto.Keccak256([]byte("transfer(address,uint256)"))[:4]
	transferTopic    = crypto.Keccak256([]byte("Transfer(address,address,uint256)"))
	// The whole supply, 2^128, belongs to who deploys.
	tokenSupply = append([]byte{1}, make([]byte, 16)...)
)

// transferCall is the input of a token transfer.
func transferCall(to common.Address, amount uint64) []byte {
	call := append(append([]byte{}, transferSelector...), common.LeftPadBytes(to[:], 32)...)
	return append(call, common.LeftPadBytes(binary.BigEndian.AppendUint64(nil, amount), 32)...)
}

// tokenDeployment is the code that creates the least ERC-20 token on which a
// transfer costs what it costs on others: balances in a mapping at slot 0, a
// check of the balance, two writes, the event, a returned true.
func tokenDeployment() []byte {
	runtime := tokenRuntime()
	a := newAssembler()
	a.op(vm.CALLER, vm.PUSH0, vm.MSTORE, vm.PUSH0).push(32).op(vm.MSTORE)
	a.push(tokenSupply...).push(64).op(vm.PUSH0, vm.KECCAK256, vm.SSTORE)
	const rest = 2 + 2 + 1 + 1 + 2 + 1 + 1 // bytes from here to the runtime
	start := byte(len(a.code) + rest)
	a.push(byte(len(runtime))).push(start).op(vm.PUSH0, vm.CODECOPY)
	a.push(byte(len(runtime))).op(vm.PUSH0, vm.RETURN)
	return append(a.bytes(), runtime...)
}

// tokenRuntime answers transfer(address,uint256) and reverts anything else.
// Comments show the stack, its top on the right.
func tokenRuntime() []byte {
	a := newAssembler()
	a.op(vm.PUSH0, vm.CALLDATALOAD).push(224).op(vm.SHR).push(transferSelector...).op(vm.EQ).jumpIf("transfer")
	a.label("revert").op(vm.PUSH0, vm.PUSH0, vm.REVERT)

	a.label("transfer")
	a.op(vm.CALLER, vm.PUSH0, vm.MSTORE, vm.PUSH0).push(32).op(vm.MSTORE)
	a.push(64).op(vm.PUSH0, vm.KECCAK256, vm.DUP1, vm.SLOAD) // slot balance
	a.push(36).op(vm.CALLDATALOAD)                           // slot balance amount
	a.op(vm.DUP1, vm.DUP3, vm.LT).jumpIf("revert")           // balance < amount
	a.op(vm.DUP1, vm.SWAP2, vm.SUB)                          // slot amount balance-amount
	a.op(vm.DUP3, vm.SSTORE)                                 // slot amount
	a.push(4).op(vm.CALLDATALOAD, vm.PUSH0, vm.MSTORE)       // memory: to, 0
	a.push(64).op(vm.PUSH0, vm.KECCAK256)                    // slot amount slot'
	a.op(vm.DUP1, vm.SLOAD, vm.DUP3, vm.ADD, vm.SWAP1)       // slot amount balance'+amount slot'
	a.op(vm.SSTORE, vm.PUSH0, vm.MSTORE)                     // memory: amount, 0
	a.push(4).op(vm.CALLDATALOAD, vm.CALLER)                 // to from
	a.push(transferTopic...).push(32).op(vm.PUSH0, vm.LOG3)  // Transfer(from, to, amount)
	a.push(1).op(vm.PUSH0, vm.MSTORE).push(32).op(vm.PUSH0, vm.RETURN)
	return a.bytes()
}
