package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/staking"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/crypto/bls/signer/localsigner"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
	"github.com/ava-labs/avalanchego/utils/units"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
)

const zeroEth = "0x0000000000000000000000000000000000000000"

// loneNode lets one validator decide alone; the defaults sample twenty.
const loneNode = `{"snowParameters":{"k":1,"alphaPreference":1,"alphaConfidence":1,"beta":1,"concurrentRepolls":1,"optimalProcessing":10,"maxOutstandingItems":256,"maxItemProcessingTime":30000000000}}`

// prepare writes keys, the genesis of the primary network and the plugin folder.
func (n *Network) prepare() error {
	// The host refuses to start without the two folders of configs.
	for _, d := range []string{n.chainConfigs(), n.subnetConfigs()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for i := range n.nodes {
		if err := n.linkPlugin(i); err != nil {
			return err
		}
	}
	g, err := primaryGenesis(len(n.nodes))
	if err != nil {
		return err
	}
	for i := range n.nodes {
		staker, err := n.newStaker(i)
		if err != nil {
			return fmt.Errorf("keys of node%d: %w", i, err)
		}
		staker.RewardAddress = g.Allocations[1].AVAXAddr
		g.InitialStakers = append(g.InitialStakers, staker)
	}
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.o.Dir, "genesis.json"), b, 0o644)
}

// linkPlugin fills a node's plugin folder.
func (n *Network) linkPlugin(i int) error {
	file := n.o.Plugin
	if i >= len(n.nodes)-n.o.PeerNodes {
		file = n.o.Peer
	}
	plugin, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.plugins(i), 0o755); err != nil {
		return err
	}
	return os.Symlink(plugin, filepath.Join(n.plugins(i), n.vmID.String()))
}

// primaryGenesis locks stake for the validators and gives the well-known local
// key what the subnet's transactions cost.
func primaryGenesis(nodes int) (*genesis.UnparsedConfig, error) {
	hrp := constants.GetHRP(networkID)
	funded, err := address.Format("X", hrp, genesis.EWOQKey.Address().Bytes())
	staked, err2 := address.Format("X", hrp, genesis.VMRQKey.Address().Bytes())
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	now := time.Now()
	return &genesis.UnparsedConfig{
		NetworkID: networkID,
		Allocations: []genesis.UnparsedAllocation{
			{ETHAddr: zeroEth, AVAXAddr: staked, UnlockSchedule: []genesis.LockedAmount{
				{Amount: uint64(nodes) * units.MegaAvax, Locktime: uint64(now.Add(7 * 24 * time.Hour).Unix())},
			}},
			{ETHAddr: zeroEth, AVAXAddr: funded, InitialAmount: 30 * units.MegaAvax, UnlockSchedule: []genesis.LockedAmount{
				{Amount: 20 * units.MegaAvax},
			}},
		},
		// In the past, so that the P-chain's gas capacity has refilled.
		StartTime:                  uint64(now.Add(-time.Minute).Unix()),
		InitialStakeDuration:       365 * 24 * 3600,
		InitialStakeDurationOffset: 90 * 60,
		InitialStakedFunds:         []string{staked},
		CChainGenesis:              genesis.LocalConfig.CChainGenesis,
		Message:                    "pars test network",
	}, nil
}

// newStaker makes the keys of a node.
func (n *Network) newStaker(i int) (s genesis.UnparsedStaker, err error) {
	d := filepath.Join(n.dir(i), "staking")
	if err := os.MkdirAll(d, 0o755); err != nil {
		return s, err
	}
	key, crt := filepath.Join(d, "staker.key"), filepath.Join(d, "staker.crt")
	if err := staking.InitNodeStakingKeyPair(key, crt); err != nil {
		return s, err
	}
	pair, err := staking.LoadTLSCertFromFiles(key, crt)
	if err != nil {
		return s, err
	}
	leaf, err := staking.ParseCertificate(pair.Leaf.Raw)
	if err != nil {
		return s, err
	}
	secret, err := localsigner.FromFileOrPersistNew(filepath.Join(d, "signer.key"))
	if err != nil {
		return s, err
	}
	possession, err := signer.NewProofOfPossession(secret)
	n.nodes[i].id = ids.NodeIDFromCert(leaf)
	return genesis.UnparsedStaker{NodeID: n.nodes[i].id, DelegationFee: 20_000, Signer: possession}, err
}

// writeChainFiles fills the files that become config_bytes and upgrade_bytes.
func (n *Network) writeChainFiles() error {
	chain := filepath.Join(n.chainConfigs(), n.ChainID.String())
	if err := os.MkdirAll(chain, 0o755); err != nil {
		return err
	}
	var subnet []byte
	if len(n.nodes) == 1 {
		subnet = []byte(loneNode)
	}
	for path, b := range map[string][]byte{
		filepath.Join(chain, "config.json"):                         n.o.ChainConfig,
		filepath.Join(chain, "upgrade.json"):                        n.o.ChainUpgrade,
		filepath.Join(n.subnetConfigs(), n.subnet.String()+".json"): subnet,
	} {
		if b != nil {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *Network) plugins(i int) string { return filepath.Join(n.dir(i), "plugins") }

func (n *Network) chainConfigs() string { return filepath.Join(n.o.Dir, "configs", "chains") }

func (n *Network) subnetConfigs() string { return filepath.Join(n.o.Dir, "configs", "subnets") }
