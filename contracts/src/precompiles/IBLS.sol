// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IBLS
/// @notice Verifies BLS signatures over BLS12-381 and proofs of possession of their keys.
/// @dev Lives at 0x0000000000000000000000000000000000000B00. Its configuration key is blsConfig. Also at
/// 0x0300000000000000000000000000000000000021.
interface IBLS {
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

    /// @notice Whether a hash was signed. A key that was made from others needs proofs of their possession first.
    function verify(bytes calldata publicKey, bytes32 messageHash, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice Whether a message was signed.
    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice Whether a proof shows that somebody has the secret of a key.
    function popVerify(bytes calldata publicKey, bytes calldata proof) external view returns (bool valid);
}
