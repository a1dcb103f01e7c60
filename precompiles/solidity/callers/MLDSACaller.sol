// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IMLDSA} from "../../../contracts/src/precompiles/IMLDSA.sol";

/// @title Calls ML-DSA through its interface.
contract MLDSACaller is IMLDSA {
    IMLDSA private immutable row;

    constructor(address at) {
        row = IMLDSA(at);
    }

    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.verify(publicKey, message, signature);
    }

    function verifyWithContext(
        bytes calldata publicKey,
        bytes calldata message,
        bytes calldata signature,
        bytes calldata context
    ) external view returns (bool) {
        return row.verifyWithContext(publicKey, message, signature, context);
    }

    function verifyBatch(uint8 set, bytes calldata context, bytes calldata items) external view returns (uint256) {
        return row.verifyBatch(set, context, items);
    }

    function keyGen(uint8 level, bytes32 seed) external view returns (bytes memory, bytes memory) {
        return row.keyGen(level, seed);
    }

    function sign(bytes calldata secretKey, bytes calldata message) external view returns (bytes memory) {
        return row.sign(secretKey, message);
    }

    function keyGen(uint8 level) external view returns (bytes memory, bytes memory) {
        return row.keyGen(level);
    }
}
