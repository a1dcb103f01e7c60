// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IWarpMessenger
/// @notice Messages between chains, signed by validators.
/// @dev Lives at 0x0200000000000000000000000000000000000005. Its configuration key is warpConfig.
interface IWarpMessenger {
    struct WarpMessage {
        bytes32 sourceChainID;
        address originSenderAddress;
        bytes payload;
    }

    struct WarpBlockHash {
        bytes32 sourceChainID;
        bytes32 blockHash;
    }

    /// @notice A message was sent. Validators sign it once the block is accepted.
    event SendWarpMessage(address indexed sender, bytes32 indexed messageID, bytes message);

    /// @notice Id of this chain, which is not its EVM chain id.
    function getBlockchainID() external view returns (bytes32 blockchainID);

    /// @notice A message that a contract of another chain sent: the one with this index among the messages that the
    /// transaction carries for this address. Not valid if there is none or its signature is not.
    function getVerifiedWarpMessage(uint32 index) external view returns (WarpMessage memory message, bool valid);

    /// @notice Id of a block that another chain accepted, found as a message is.
    function getVerifiedWarpBlockHash(uint32 index)
        external
        view
        returns (WarpBlockHash memory warpBlockHash, bool valid);

    /// @notice Sends a message in the name of the caller, to whoever fetches it.
    function sendWarpMessage(bytes calldata payload) external returns (bytes32 messageID);
}
