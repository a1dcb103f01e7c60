// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Addresses} from "../../contracts/src/precompiles/Addresses.sol";
import {IMLDSA} from "../../contracts/src/precompiles/IMLDSA.sol";

/// @notice What EntryPoint 0.7 of ERC-4337 hands to an account.
struct PackedUserOperation {
    address sender;
    uint256 nonce;
    bytes initCode;
    bytes callData;
    bytes32 accountGasLimits;
    uint256 preVerificationGas;
    bytes32 gasFees;
    bytes paymasterAndData;
    bytes signature;
}

/// @title An account whose owner signs with ML-DSA-65.
/// @notice For EntryPoint 0.7 of ERC-4337, and for contracts that ask by ERC-1271. It knows the Keccak-256 of the
/// owner's public key; each signature brings the key along: the key, 1,952 bytes, and behind it the signature, 3,309.
/// @dev Verified by a batch of one, which takes a context and costs a tenth of the function for a single signature.
contract PQAccount {
    /// @notice The only one who may validate operations and have them executed.
    address public immutable entryPoint;

    /// @notice Keccak-256 of the owner's public key.
    bytes32 public keyHash;

    /// @notice Somebody else's key holds from now on.
    event KeyChanged(bytes32 keyHash);

    /// @notice Operations come through the entry point.
    error NotEntryPoint(address caller);

    /// @dev ML-DSA context of a user operation. That of ERC-1271 is another one, so that what the owner signs for some
    /// contract is never an operation.
    bytes private constant OPERATION = "pars/user-operation/v1";
    bytes private constant ERC1271 = "pars/erc-1271/v1";

    uint256 private constant KEY_BYTES = 1952;
    uint256 private constant SIGNATURE_BYTES = 3309;
    uint8 private constant MLDSA_65 = 0x65;

    modifier fromEntryPoint() {
        if (msg.sender != entryPoint) revert NotEntryPoint(msg.sender);
        _;
    }

    constructor(address entryPoint_, bytes32 keyHash_) {
        entryPoint = entryPoint_;
        keyHash = keyHash_;
        emit KeyChanged(keyHash_);
    }

    receive() external payable {}

    /// @notice Whether the owner signed an operation: 0, or 1 where not. Pays the entry point what it lacks.
    /// @param operationHash The entry point's hash, which binds the operation to this chain, entry point and account.
    function validateUserOp(PackedUserOperation calldata operation, bytes32 operationHash, uint256 missingFunds)
        external
        fromEntryPoint
        returns (uint256 validationData)
    {
        validationData = signed(operationHash, OPERATION, operation.signature) ? 0 : 1;
        if (missingFunds > 0) {
            // The entry point itself looks whether it was paid.
            (bool paid,) = msg.sender.call{value: missingFunds}("");
            paid;
        }
    }

    /// @notice Calls a contract, or sends coins. Reverts with what that reverts with.
    function execute(address to, uint256 value, bytes calldata input)
        external
        fromEntryPoint
        returns (bytes memory answer)
    {
        bool success;
        (success, answer) = to.call{value: value}(input);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    /// @notice Puts another key in the place of the owner's.
    function setKey(bytes32 keyHash_) external fromEntryPoint {
        keyHash = keyHash_;
        emit KeyChanged(keyHash_);
    }

    /// @notice ERC-1271: 0x1626ba7e where the owner signed a hash for this account on this chain.
    /// @dev What is signed names chain and account: a key may have several accounts, and a hash may be anything.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bytes32 message = keccak256(abi.encode(block.chainid, address(this), hash));
        return signed(message, ERC1271, signature) ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    function signed(bytes32 message, bytes memory context, bytes calldata signature) private view returns (bool) {
        if (signature.length != KEY_BYTES + SIGNATURE_BYTES) return false;
        if (keccak256(signature[:KEY_BYTES]) != keyHash) return false;
        // An item of a batch: key, signature, length of the message, message.
        bytes memory item = abi.encodePacked(signature, uint32(32), message);
        return IMLDSA(Addresses.MLDSA).verifyBatch(MLDSA_65, context, item) == 1;
    }
}
