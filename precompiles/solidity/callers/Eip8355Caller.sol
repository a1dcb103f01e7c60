// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Calls ML-DSA in the layout of EIP-8355, which has no selectors and so no interface.
contract Eip8355Caller {
    address private immutable row;

    constructor(address at) {
        row = at;
    }

    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        (bool success, bytes memory answer) = row.staticcall(abi.encodePacked(publicKey, signature, message));
        // It fails for lack of gas alone. Without the length, an address where nothing is would say yes.
        return success && answer.length == 32 && abi.decode(answer, (bool));
    }
}
