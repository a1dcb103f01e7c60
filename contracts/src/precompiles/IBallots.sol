// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IBallots
/// @notice Verifies ballots that were signed with ML-DSA. Who may vote, and how often, is the calling contract's
/// affair.
/// @dev Lives at 0x0000000000000000000000000000000000000a01. Its configuration key is governanceConfig.
interface IBallots {
    /// @notice There is no such function.
    error UnknownSelector();

    /// @notice The arguments do not decode, or a number among them has no meaning.
    error MalformedInput();

    /// @notice The function shows a secret to everybody, which this chain does not allow.
    error OnChainSecretsDisabled();

    /// @notice The function needs a seed: a chain has no randomness of its own.
    error SeedRequired();

    /// @notice The key, or the ciphertext for it, is none of its set.
    error InvalidKey();

    /// @notice Which of at most 64 ballots were signed: bit i for ballot i, the least significant first. A ballot is
    /// the suite, 0x65 or 0x87, the proposal's id in 32 bytes, the support 0, 1 or 2 in one, the public key and the
    /// signature, under EIP-712's type Ballot(uint256 proposalId,uint8 support) with this domain separator and the
    /// context pars/vote/v1.
    function verifyBallots(bytes32 domain, bytes calldata ballots) external view returns (uint256 valid);
}
