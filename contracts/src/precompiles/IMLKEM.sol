// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IMLKEM
/// @notice Encapsulates secrets for ML-KEM keys (FIPS 203) of sets 512, 768 and 1024. Everybody sees them.
/// @dev Lives at 0x0000000000000000000000000000000000000603. Its configuration key is mlkemConfig. Also at
/// 0x0200000000000000000000000000000000000007.
interface IMLKEM {
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

    /// @notice Encapsulates a secret that follows from the key alone. Set 0, 1 or 2 for 512, 768 or 1024.
    function encapsulate(uint8 set, bytes calldata encapsulationKey)
        external
        view
        returns (bytes memory ciphertext, bytes32 secret);

    /// @notice Encapsulates with given coins, the m of FIPS 203.
    function encapsulateDerand(uint8 set, bytes calldata encapsulationKey, bytes32 coins)
        external
        view
        returns (bytes memory ciphertext, bytes32 secret);

    /// @notice As the function of this name with a set, which is told by the key's length.
    function encapsulate(bytes calldata encapsulationKey)
        external
        view
        returns (bytes memory ciphertext, bytes memory secret);

    /// @notice The secret of a ciphertext; of one that is none, a secret that nobody else knows. Everybody sees the
    /// key: for development networks, off elsewhere.
    function decapsulate(uint8 set, bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes32 secret);

    /// @notice As the function of this name with a set, which is told by the key's length.
    function decapsulate(bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes memory secret);

    /// @notice The keys of a seed, of level 2, 3 or 5 for set 512, 768 or 1024. Everybody sees both: for development
    /// networks, off elsewhere.
    function keyGen(uint8 level, bytes32 seed)
        external
        view
        returns (bytes memory encapsulationKey, bytes memory decapsulationKey);
}
