// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title Addresses
/// @notice Where the precompiles live.
library Addresses {
    /// @dev Who may deploy contracts.
    address internal constant DEPLOYER_ALLOW_LIST = 0x0200000000000000000000000000000000000000;

    /// @dev Creates coins.
    address internal constant NATIVE_MINTER = 0x0200000000000000000000000000000000000001;

    /// @dev Who may send transactions.
    address internal constant TX_ALLOW_LIST = 0x0200000000000000000000000000000000000002;

    /// @dev The fee configuration of the chain. A change takes effect from the next block on.
    address internal constant FEE_MANAGER = 0x0200000000000000000000000000000000000003;

    /// @dev Who receives the fees of a block. A change takes effect from the next block on.
    address internal constant REWARD_MANAGER = 0x0200000000000000000000000000000000000004;

    /// @dev Messages between chains, signed by validators.
    address internal constant WARP_MESSENGER = 0x0200000000000000000000000000000000000005;
}
