// Package smoke checks that a chain works in a real host: transfers are mined
// through the host's proxy, every node agrees, and a restart loses nothing.
package smoke

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"io"
	"math/big"
	"slices"
	"syscall"
	"time"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"
	"github.com/ava-labs/libevm/core/types"
	"github.com/ava-labs/libevm/crypto"

	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/rpc"
	"pars.network/tests/host/internal/wait"
)

const (
	// Transfers of one sender that may wait: what a pool gives an account by default.
	outstanding = 16
	// A proposer has a slot of five seconds. Where one does not use it, as right after a restart, the next one waits for it.
	mineTimeout = time.Minute
	pollEvery   = 5 * time.Millisecond
	transferGas = 21_000
)

var (
	recipient = common.HexToAddress("0x00000000000000000000000000000000000d0e57")
	value     = big.NewInt(1_000_000_007)
	feeCap    = big.NewInt(100_000_000_000)
	tipCap    = big.NewInt(1_000_000_000)
)

// check is a chain under test and the account that pays.
type check struct {
	net    *network.Network
	rpc    *rpc.Client
	key    *ecdsa.PrivateKey
	from   common.Address
	signer types.Signer
	nonce  uint64
	mined  []mined
	out    io.Writer
}

// mined is a transfer and where it was.
type mined struct {
	tx    common.Hash
	block common.Hash
	sent  time.Time
	wait  time.Duration
}

type block struct {
	Number       string
	Hash         common.Hash
	Transactions []common.Hash
}

type receipt struct {
	Status      string
	BlockNumber string
	BlockHash   common.Hash
	GasUsed     string
}

// way is a manner of stopping the hosts.
type way struct {
	name   string
	signal syscall.Signal
}

// Options say what is done with a chain beside transfers and a restart.
type Options struct {
	Transfers   int  // before the restart
	Kill        bool // kill -9 of the hosts right after a receipt was shown
	PluginKills int  // kill -9 of the plugins under load
	HostKills   int  // and of the hosts
	PutBack     bool // the hosts get the databases that they had some blocks before
	LogCuts     int  // the plugin's write-ahead log loses its end
}

// Run checks a chain that just came up and prints what it measured.
func Run(ctx context.Context, n *network.Network, o Options, out io.Writer) error {
	c, err := newCheck(ctx, n, out)
	if err != nil {
		return err
	}
	if err := c.transfer(ctx, o.Transfers); err != nil {
		return err
	}
	if err := c.nodesAgree(ctx); err != nil {
		return err
	}
	ways := []way{{"restart", syscall.SIGTERM}}
	if o.Kill {
		ways = append(ways, way{"kill -9 and restart", syscall.SIGKILL})
	}
	for _, w := range ways {
		if err := c.restart(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if err := c.transfer(ctx, 1); err != nil {
			return fmt.Errorf("after %s: %w", w.name, err)
		}
	}
	if err := c.killUnderLoad(ctx, "plugin", o.PluginKills, n.KillPlugins); err != nil {
		return err
	}
	if err := c.killUnderLoad(ctx, "host", o.HostKills, n.KillHosts); err != nil {
		return err
	}
	if o.PutBack {
		if err := c.putBack(ctx); err != nil {
			return err
		}
	}
	if err := c.cutLogs(ctx, o.LogCuts); err != nil {
		return err
	}
	return c.nodesAgree(ctx)
}

func newCheck(ctx context.Context, n *network.Network, out io.Writer) (*check, error) {
	key, err := crypto.HexToECDSA(network.FundedKey)
	if err != nil {
		return nil, err
	}
	c := &check{net: n, rpc: rpc.New(n.URL(0)), key: key, from: crypto.PubkeyToAddress(key.PublicKey), out: out}
	id, err := c.rpc.Quantity(ctx, "eth_chainId")
	if err != nil {
		return nil, err
	}
	c.signer = types.LatestSignerForChainID(new(big.Int).SetUint64(id))
	c.nonce, err = c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "latest")
	return c, err
}

// transfer mines a number of transfers and checks what they left behind.
func (c *check) transfer(ctx context.Context, count int) error {
	start, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	before, err := c.balance(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	var waiting []mined
	var waits []time.Duration
	for sent := 0; sent < count || len(waiting) > 0; {
		if sent < count && len(waiting) < outstanding {
			m, err := c.send(ctx)
			if err != nil {
				return fmt.Errorf("transfer %d of %d: %w", sent+1, count, err)
			}
			waiting, sent = append(waiting, m), sent+1
			continue
		}
		m, err := c.await(ctx, waiting[0])
		if err != nil {
			return err
		}
		waiting, waits = waiting[1:], append(waits, m.wait)
		c.mined = append(c.mined, m)
	}
	took := time.Since(began)
	end, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	after, err := c.balance(ctx)
	if err != nil {
		return err
	}
	got, want := new(big.Int).Sub(after, before), new(big.Int).Mul(value, big.NewInt(int64(count)))
	if got.Cmp(want) != 0 {
		return fmt.Errorf("the recipient got %s wei, %d transfers carry %s", got, count, want)
	}
	nonce, err := c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "latest")
	if err != nil {
		return err
	}
	if nonce != c.nonce {
		return fmt.Errorf("the sender's nonce is %d, %d transfers were sent", nonce, c.nonce)
	}
	slices.Sort(waits)
	fmt.Fprintf(c.out, "  %d transfer(s) mined in %d block(s), %.2f s; from sending to receipt: median %s, longest %s\n",
		count, end.height()-start.height(), took.Seconds(),
		waits[len(waits)/2].Round(time.Millisecond), waits[len(waits)-1].Round(time.Millisecond))
	return nil
}

func (c *check) send(ctx context.Context) (m mined, err error) {
	tx, err := types.SignNewTx(c.key, c.signer, &types.DynamicFeeTx{
		ChainID: c.signer.ChainID(), Nonce: c.nonce, GasTipCap: tipCap, GasFeeCap: feeCap,
		Gas: transferGas, To: &recipient, Value: value,
	})
	if err != nil {
		return m, err
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		return m, err
	}
	m = mined{tx: tx.Hash(), sent: time.Now()}
	var hash common.Hash
	if err := c.rpc.Call(ctx, &hash, "eth_sendRawTransaction", hexutil.Encode(raw)); err != nil {
		return m, err
	}
	if hash != m.tx {
		return m, fmt.Errorf("the node calls the transaction %s, its hash is %s", hash, m.tx)
	}
	c.nonce++
	return m, nil
}

// await waits for the receipt and checks that its block can be read and holds
// the transaction.
func (c *check) await(ctx context.Context, m mined) (mined, error) {
	for {
		r, err := c.receipt(ctx, m.tx)
		if err != nil {
			return m, err
		}
		if r == nil {
			if time.Since(m.sent) > mineTimeout {
				return m, fmt.Errorf("transaction %s was not mined within %s", m.tx, mineTimeout)
			}
			if err := wait.For(ctx, pollEvery); err != nil {
				return m, err
			}
			continue
		}
		m.wait, m.block = time.Since(m.sent), r.BlockHash
		if r.Status != "0x1" || r.GasUsed != hexutil.EncodeUint64(transferGas) {
			return m, fmt.Errorf("transaction %s: status %s, gas %s", m.tx, r.Status, r.GasUsed)
		}
		b, err := c.block(ctx, 0, "eth_getBlockByHash", r.BlockHash)
		if err != nil {
			return m, err
		}
		if b.Number != r.BlockNumber || !slices.Contains(b.Transactions, m.tx) {
			return m, fmt.Errorf("transaction %s: its receipt names block %s, which does not hold it", m.tx, r.BlockNumber)
		}
		return m, nil
	}
}

// restart stops the hosts, starts them again and checks that nothing that was
// shown is gone.
func (c *check) restart(ctx context.Context, w way) error {
	before, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	balance, err := c.balance(ctx)
	if err != nil {
		return err
	}
	t0 := time.Now()
	if err := c.net.Stop(w.signal); err != nil {
		return err
	}
	t1 := time.Now()
	if err := c.net.Start(ctx); err != nil {
		return err
	}
	up := time.Since(t1)
	after, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	if after.height() < before.height() {
		return fmt.Errorf("the chain is at height %d, it had shown %d", after.height(), before.height())
	}
	again, err := c.block(ctx, 0, "eth_getBlockByNumber", before.Number)
	if err != nil {
		return err
	}
	if again.Hash != before.Hash {
		return fmt.Errorf("block %d is now %s, it was %s", before.height(), again.Hash, before.Hash)
	}
	now, err := c.balance(ctx)
	if err != nil {
		return err
	}
	if now.Cmp(balance) != 0 {
		return fmt.Errorf("the recipient has %s wei, it had %s", now, balance)
	}
	if err := c.kept(ctx, c.mined); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "  %s: stopped in %.2f s, serving after %.2f s at height %d, all %d transfers kept\n",
		w.name, t1.Sub(t0).Seconds(), up.Seconds(), after.height(), len(c.mined))
	return nil
}

// kept checks that transfers are where their receipts said.
func (c *check) kept(ctx context.Context, transfers []mined) error {
	for _, m := range transfers {
		r, err := c.receipt(ctx, m.tx)
		if err != nil {
			return err
		}
		if r == nil || r.BlockHash != m.block {
			return fmt.Errorf("transaction %s is no longer in block %s", m.tx, m.block)
		}
	}
	return nil
}

// nodesAgree waits until every node has node 0's head.
func (c *check) nodesAgree(ctx context.Context) error {
	head, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	for i := 1; i < c.net.Nodes(); i++ {
		for start := time.Now(); ; {
			at, err := c.head(ctx, i)
			if err != nil {
				return err
			}
			if at.height() >= head.height() {
				break
			}
			if time.Since(start) > mineTimeout {
				return fmt.Errorf("node%d stays at height %d, node0 is at %d", i, at.height(), head.height())
			}
			if err := wait.For(ctx, pollEvery); err != nil {
				return err
			}
		}
		b, err := c.block(ctx, i, "eth_getBlockByNumber", head.Number)
		if err != nil {
			return err
		}
		if b.Hash != head.Hash {
			return fmt.Errorf("block %d is %s at node%d and %s at node0", head.height(), b.Hash, i, head.Hash)
		}
	}
	return nil
}

func (c *check) head(ctx context.Context, node int) (block, error) {
	return c.block(ctx, node, "eth_getBlockByNumber", "latest")
}

func (c *check) block(ctx context.Context, node int, method string, which any) (block, error) {
	client := c.rpc
	if node != 0 {
		client = rpc.New(c.net.URL(node))
	}
	var b *block
	if err := client.Call(ctx, &b, method, which, false); err != nil {
		return block{}, err
	}
	if b == nil {
		return block{}, fmt.Errorf("node%d: %s has no block %v", node, method, which)
	}
	if _, err := rpc.ParseQuantity(b.Number); err != nil {
		return block{}, err
	}
	return *b, nil
}

func (c *check) receipt(ctx context.Context, tx common.Hash) (r *receipt, err error) {
	return r, c.rpc.Call(ctx, &r, "eth_getTransactionReceipt", tx)
}

func (c *check) balance(ctx context.Context) (*big.Int, error) {
	var b hexutil.Big
	err := c.rpc.Call(ctx, &b, "eth_getBalance", recipient, "latest")
	return b.ToInt(), err
}

// height is the number, whose text was checked when the block was read.
func (b block) height() uint64 {
	h, _ := rpc.ParseQuantity(b.Number)
	return h
}
