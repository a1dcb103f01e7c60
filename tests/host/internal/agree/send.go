package agree

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"
	"github.com/ava-labs/libevm/core/types"
	"github.com/ava-labs/libevm/crypto"
	"github.com/ava-labs/libevm/params"

	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/wait"
)

const (
	senderCount = 40
	// Transactions of one sender that wait at a time. Its next one goes to
	// another node, which has to hear of the one before.
	outstanding = 4
	// One transaction in so many is looked for at the other nodes.
	probeEach  = 10
	probeEvery = 10 * time.Millisecond
	probeMax   = time.Minute
)

var (
	feeCap  = big.NewInt(100 * params.GWei)
	tipCap  = big.NewInt(params.GWei)
	funding = new(big.Int).Mul(big.NewInt(50), big.NewInt(params.Ether))
	target  = common.HexToAddress("0x00000000000000000000000000000000000d0e57")
)

// sender is an account and its transactions that wait.
type sender struct {
	key     *ecdsa.PrivateKey
	signer  types.Signer
	nonce   uint64
	waiting []common.Hash
}

func (s *sender) sign(to common.Address, value *big.Int) (*types.Transaction, error) {
	tx, err := types.SignNewTx(s.key, s.signer, &types.DynamicFeeTx{
		ChainID: s.signer.ChainID(), Nonce: s.nonce, GasTipCap: tipCap, GasFeeCap: feeCap,
		Gas: params.TxGas, To: &to, Value: value,
	})
	s.nonce++
	return tx, err
}

// fund makes the senders and waits until they have coins.
func (r *run) fund(ctx context.Context) error {
	key, err := crypto.HexToECDSA(network.FundedKey)
	if err != nil {
		return err
	}
	id, err := r.clients[0].Quantity(ctx, "eth_chainId")
	if err != nil {
		return err
	}
	signer := types.LatestSignerForChainID(new(big.Int).SetUint64(id))
	bank := &sender{key: key, signer: signer}
	var last common.Hash
	for i := range senderCount {
		// Known to everybody, and of this test alone.
		key, err := crypto.ToECDSA(crypto.Keccak256([]byte(fmt.Sprintf("pars test sender %d", i))))
		if err != nil {
			return err
		}
		r.senders = append(r.senders, &sender{key: key, signer: signer})
		tx, err := bank.sign(crypto.PubkeyToAddress(key.PublicKey), funding)
		if err != nil {
			return err
		}
		last = tx.Hash()
		if err := r.give(ctx, 0, tx); err != nil {
			return err
		}
		// Of one account a pool takes sixteen.
		if i%outstanding == outstanding-1 {
			if err := r.receipt(ctx, last); err != nil {
				return err
			}
		}
	}
	return r.receipt(ctx, last)
}

func (r *run) receipt(ctx context.Context, tx common.Hash) error {
	for start := time.Now(); ; {
		var receipt *struct{ Status string }
		if err := r.clients[0].Call(ctx, &receipt, "eth_getTransactionReceipt", tx); err != nil {
			return err
		}
		if receipt != nil {
			if receipt.Status != "0x1" {
				return fmt.Errorf("transaction %s has status %s", tx, receipt.Status)
			}
			return nil
		}
		if time.Since(start) > stallMax {
			return fmt.Errorf("transaction %s has no receipt after %s", tx, stallMax)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (r *run) give(ctx context.Context, node int, tx *types.Transaction) error {
	raw, err := tx.MarshalBinary()
	if err != nil {
		return err
	}
	var hash common.Hash
	if err := r.clients[node].Call(ctx, &hash, "eth_sendRawTransaction", hexutil.Encode(raw)); err != nil {
		return fmt.Errorf("node%d: %w", node, err)
	}
	if hash != tx.Hash() {
		return fmt.Errorf("node%d calls transaction %s %s", node, tx.Hash(), hash)
	}
	return nil
}

// send gives transactions to nodes that are up, until sending ends.
func (r *run) send(ctx, sending context.Context, rng *rand.Rand) error {
	ticks := time.NewTicker(time.Second / time.Duration(r.o.Rate))
	defer ticks.Stop()
	var probes sync.WaitGroup
	defer probes.Wait()
	for count := 0; ; count++ {
		select {
		case <-sending.Done():
			return nil
		case <-ticks.C:
		}
		s := r.senders[rng.IntN(len(r.senders))]
		for len(s.waiting) > 0 && r.log.mined(s.waiting[0]) {
			s.waiting = s.waiting[1:]
		}
		if len(s.waiting) >= outstanding {
			continue
		}
		node := rng.IntN(len(r.clients))
		if !r.log.isUp(node) {
			continue
		}
		tx, err := s.sign(target, big.NewInt(1))
		if err != nil {
			return err
		}
		at := time.Now()
		r.log.give(tx.Hash(), given{node: node, at: at})
		if err := r.give(ctx, node, tx); err != nil {
			if !r.log.isUp(node) {
				// It went away meanwhile, and may have the transaction or not. It keeps what it answered; what it did
				// not answer is given to another.
				node = 0
				err = r.give(ctx, node, tx)
			}
			if err != nil {
				return err
			}
		}
		s.waiting = append(s.waiting, tx.Hash())
		if count%probeEach == 0 {
			probes.Add(1)
			go func() {
				defer probes.Done()
				r.probe(ctx, tx.Hash(), node, at)
			}()
		}
	}
}

// probe looks until all other nodes that are up know a transaction, mined or not.
func (r *run) probe(ctx context.Context, tx common.Hash, given int, at time.Time) {
	for node := range r.clients {
		for node != given && r.log.isUp(node) {
			var known *struct{ Hash common.Hash }
			err := r.clients[node].Call(ctx, &known, "eth_getTransactionByHash", tx)
			if err == nil && known != nil {
				break
			}
			if time.Since(at) > probeMax || wait.For(ctx, probeEvery) != nil {
				return
			}
		}
	}
	r.log.spread(time.Since(at))
}
