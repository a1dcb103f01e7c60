// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IMLKEM} from "../../../contracts/src/precompiles/IMLKEM.sol";

/// @title Calls ML-KEM through its interface.
contract MLKEMCaller is IMLKEM {
    IMLKEM private immutable row;

    constructor(address at) {
        row = IMLKEM(at);
    }

    function encapsulate(uint8 set, bytes calldata encapsulationKey) external view returns (bytes memory, bytes32) {
        return row.encapsulate(set, encapsulationKey);
    }

    function encapsulateDerand(uint8 set, bytes calldata encapsulationKey, bytes32 coins)
        external
        view
        returns (bytes memory, bytes32)
    {
        return row.encapsulateDerand(set, encapsulationKey, coins);
    }

    function encapsulate(bytes calldata encapsulationKey) external view returns (bytes memory, bytes memory) {
        return row.encapsulate(encapsulationKey);
    }

    function decapsulate(uint8 set, bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes32)
    {
        return row.decapsulate(set, decapsulationKey, ciphertext);
    }

    function decapsulate(bytes calldata decapsulationKey, bytes calldata ciphertext)
        external
        view
        returns (bytes memory)
    {
        return row.decapsulate(decapsulationKey, ciphertext);
    }

    function keyGen(uint8 level, bytes32 seed) external view returns (bytes memory, bytes memory) {
        return row.keyGen(level, seed);
    }
}
