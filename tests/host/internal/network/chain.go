package network

import (
	"context"
	"fmt"

	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/vms/platformvm"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary"
)

// weight of a subnet validator; at least the sample size of snow, which is 20.
const weight = 100

// createChain makes a subnet that all nodes validate and the chain in it.
func (n *Network) createChain(ctx context.Context) error {
	keys := secp256k1fx.NewKeychain(genesis.EWOQKey)
	owner := &secp256k1fx.OutputOwners{Threshold: 1, Addrs: []ids.ShortID{genesis.EWOQKey.Address()}}
	wallet, err := primary.MakePWallet(ctx, n.uri(0), keys, primary.WalletConfig{})
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	subnet, err := wallet.IssueCreateSubnetTx(owner)
	if err != nil {
		return fmt.Errorf("create subnet: %w", err)
	}
	n.subnet = subnet.ID()
	if wallet, err = primary.MakePWallet(ctx, n.uri(0), keys, primary.WalletConfig{SubnetIDs: []ids.ID{n.subnet}}); err != nil {
		return fmt.Errorf("wallet of the subnet: %w", err)
	}
	validators, err := platformvm.NewClient(n.uri(0)).GetCurrentValidators(ctx, constants.PrimaryNetworkID, nil)
	if err != nil {
		return fmt.Errorf("validators: %w", err)
	}
	for _, v := range validators {
		if _, err := wallet.IssueAddSubnetValidatorTx(&txs.SubnetValidator{
			Validator: txs.Validator{NodeID: v.NodeID, End: v.EndTime, Wght: weight},
			Subnet:    n.subnet,
		}); err != nil {
			return fmt.Errorf("add validator %s: %w", v.NodeID, err)
		}
	}
	chain, err := wallet.IssueCreateChainTx(n.subnet, n.o.Genesis, n.vmID, nil, "pars")
	if err != nil {
		return fmt.Errorf("create chain: %w", err)
	}
	n.ChainID = chain.ID()
	// All nodes are restarted next, and each must know the chain by then.
	for i := range n.nodes {
		client := platformvm.NewClient(n.uri(i))
		if err := n.poll(ctx, i, "accepting the chain", func() error {
			_, err := client.GetTx(ctx, n.ChainID)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
