// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IPQCrypto
/// @notice Verifies ML-DSA and SLH-DSA signatures and encapsulates for ML-KEM keys, at one address.
/// @dev Lives at 0x0000000000000000000000000000000000000600. Its configuration key is pqCryptoConfig. Also at
/// 0x0000000000000000000000000000000000009003, 0x0200000000000000000000000000000000000008.
interface IPQCrypto {
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

    /// @notice Whether a message was signed by ML-DSA with an empty context. Mode 44, 65 or 87, or the same digits in
    /// hexadecimal.
    function mldsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);

    /// @notice Encapsulates a secret that follows from the key alone. Mode 0, 1 or 2 for ML-KEM-512, 768 or 1024.
    /// Everybody sees it.
    function mlkemEncapsulate(uint8 mode, bytes calldata encapsulationKey)
        external
        view
        returns (bytes memory ciphertext, bytes memory secret);

    /// @notice The secret of a ciphertext. Everybody sees the key: for development networks, off elsewhere.
    function mlkemDecapsulate(uint8 mode, bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes memory secret);

    /// @notice Whether a message was signed by SLH-DSA with an empty context. Modes as in ISLHDSA.
    function slhdsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool valid);
}
