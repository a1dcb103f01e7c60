package load

import (
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"runtime"
	"sync"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"
	"github.com/ava-labs/libevm/core/types"
	"github.com/ava-labs/libevm/crypto"
	"github.com/ava-labs/libevm/params"

	"pars.network/tests/host/internal/network"
)

// Mode is what the transactions do.
type Mode string

const (
	Transfer Mode = "transfer" // value from one account to another
	Token    Mode = "erc20"    // an ERC-20 token from one account to another
)

const (
	senderCount = 200
	tokenGas    = 80_000
	deployGas   = 1_000_000
)

var (
	feeCap = big.NewInt(100 * params.GWei)
	tipCap = big.NewInt(1)
	// What a sender gets: more than it can spend.
	allowance = new(big.Int).Mul(big.NewInt(1_000), big.NewInt(params.Ether))
)

const tokenAllowance = 1 << 40

// Plan is a load, signed beforehand so that signing does not compete with what
// is measured. It begins on a fresh chain and may run on any number of them:
// every chain gets the same bytes.
type Plan struct {
	funding []signed
	senders [][]signed
}

// signed is a transaction and the parameter of eth_sendRawTransaction.
type signed struct {
	hash  common.Hash
	param []byte
}

// Sign makes a plan of at least so many transactions, as many from each sender.
func Sign(chainID *big.Int, mode Mode, count int) (*Plan, error) {
	if mode != Transfer && mode != Token {
		return nil, fmt.Errorf("no load %q", mode)
	}
	root, err := crypto.HexToECDSA(network.FundedKey)
	if err != nil {
		return nil, err
	}
	keys := make([]*ecdsa.PrivateKey, senderCount)
	for i := range keys {
		seed := binary.BigEndian.AppendUint64([]byte("pars load "), uint64(i))
		if keys[i], err = crypto.ToECDSA(crypto.Keccak256(seed)); err != nil {
			return nil, err
		}
	}
	s := signer{types.LatestSignerForChainID(chainID)}
	p := &Plan{senders: make([][]signed, senderCount)}
	token := crypto.CreateAddress(address(root), 0)
	if p.funding, err = s.fund(root, keys, mode, token); err != nil {
		return nil, err
	}

	var wg sync.WaitGroup
	errs := make([]error, senderCount)
	turn := make(chan struct{}, runtime.NumCPU())
	for i := range keys {
		wg.Add(1)
		turn <- struct{}{}
		go func() {
			defer wg.Done()
			each := (count + senderCount - 1) / senderCount
			p.senders[i], errs[i] = s.queue(i, keys, mode, token, each)
			<-turn
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Count is the number of transactions behind the funding.
func (p *Plan) Count() int { return len(p.senders) * len(p.senders[0]) }

type signer struct{ types.Signer }

// fund has the root account create the token, if one is needed, and give every
// sender its share.
func (s signer) fund(root *ecdsa.PrivateKey, keys []*ecdsa.PrivateKey, mode Mode, token common.Address) (txs []signed, err error) {
	add := func(to *common.Address, value *big.Int, gas uint64, data []byte) {
		if err == nil {
			var tx signed
			tx, err = s.sign(root, uint64(len(txs)), to, value, gas, data)
			txs = append(txs, tx)
		}
	}
	if mode == Token {
		add(nil, new(big.Int), deployGas, tokenDeployment())
	}
	for _, k := range keys {
		to := address(k)
		add(&to, allowance, params.TxGas, nil)
		if mode == Token {
			add(&token, new(big.Int), tokenGas, transferCall(to, tokenAllowance))
		}
	}
	return txs, err
}

// queue is what one sender sends, to each of the others in turn.
func (s signer) queue(i int, keys []*ecdsa.PrivateKey, mode Mode, token common.Address, count int) ([]signed, error) {
	txs := make([]signed, count)
	addresses := make([]common.Address, len(keys))
	for j, k := range keys {
		addresses[j] = address(k)
	}
	for n := range txs {
		to := &addresses[(i+1+n%(len(keys)-1))%len(keys)]
		var err error
		if mode == Token {
			txs[n], err = s.sign(keys[i], uint64(n), &token, new(big.Int), tokenGas, transferCall(*to, 1))
		} else {
			txs[n], err = s.sign(keys[i], uint64(n), to, big.NewInt(1), params.TxGas, nil)
		}
		if err != nil {
			return nil, err
		}
	}
	return txs, nil
}

func (s signer) sign(key *ecdsa.PrivateKey, nonce uint64, to *common.Address, value *big.Int, gas uint64, data []byte) (signed, error) {
	tx, err := types.SignNewTx(key, s.Signer, &types.DynamicFeeTx{
		ChainID: s.ChainID(), Nonce: nonce, GasTipCap: tipCap, GasFeeCap: feeCap,
		Gas: gas, To: to, Value: value, Data: data,
	})
	if err != nil {
		return signed{}, err
	}
	raw, err := tx.MarshalBinary()
	return signed{tx.Hash(), []byte(`"` + hexutil.Encode(raw) + `"`)}, err
}

func address(k *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(k.PublicKey) }
