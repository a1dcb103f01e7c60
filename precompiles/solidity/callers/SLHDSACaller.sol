// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISLHDSA} from "../../../contracts/src/precompiles/ISLHDSA.sol";

/// @title Calls SLH-DSA through its interface.
contract SLHDSACaller is ISLHDSA {
    ISLHDSA private immutable row;

    constructor(address at) {
        row = ISLHDSA(at);
    }

    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.verify(publicKey, message, signature);
    }

    function slhdsaVerify(uint8 set, bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.slhdsaVerify(set, publicKey, message, signature);
    }

    function verifyWithContext(
        uint8 set,
        bytes calldata publicKey,
        bytes calldata message,
        bytes calldata signature,
        bytes calldata context
    ) external view returns (bool) {
        return row.verifyWithContext(set, publicKey, message, signature, context);
    }
}
