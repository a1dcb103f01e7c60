// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IBLS} from "../../../contracts/src/precompiles/IBLS.sol";

/// @title Calls BLS through its interface.
contract BLSCaller is IBLS {
    IBLS private immutable row;

    constructor(address at) {
        row = IBLS(at);
    }

    function verify(bytes calldata publicKey, bytes32 messageHash, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.verify(publicKey, messageHash, signature);
    }

    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return row.verify(publicKey, message, signature);
    }

    function popVerify(bytes calldata publicKey, bytes calldata proof) external view returns (bool) {
        return row.popVerify(publicKey, proof);
    }
}
