// Made by `cargo xtask gen` from the table of precompiles. Do not edit.

/** Precompiles by name: where they live, where else they answer, and the key that switches them on. */
export const precompiles = {
  PQ_CRYPTO: {
    address: "0x0000000000000000000000000000000000000600",
    aliases: ["0x0000000000000000000000000000000000009003", "0x0200000000000000000000000000000000000008"],
    configKey: "pqCryptoConfig",
  },
  MLDSA: {
    address: "0x0000000000000000000000000000000000000601",
    aliases: ["0x0000000000000000000000000000000000000602", "0x0000000000000000000000000000000000012201", "0x0000000000000000000000000000000000012202", "0x0200000000000000000000000000000000000006"],
    configKey: "mldsaVerify",
  },
  MLKEM: {
    address: "0x0000000000000000000000000000000000000603",
    aliases: ["0x0200000000000000000000000000000000000007"],
    configKey: "mlkemConfig",
  },
  SLHDSA: {
    address: "0x0000000000000000000000000000000000000604",
    aliases: ["0x0000000000000000000000000000000000012203", "0x0200000000000000000000000000000000000009", "0x0600000000000000000000000000000000000001"],
    configKey: "slhdsaVerify",
  },
  HYBRID_BLS_MLDSA: {
    address: "0x0000000000000000000000000000000000000610",
    aliases: ["0x0300000000000000000000000000000000000024"],
    configKey: "hybridVerify",
  },
  HYBRID_ECDSA_MLDSA: {
    address: "0x0000000000000000000000000000000000000611",
    aliases: [],
    configKey: "hybridVerify",
  },
  MLDSA44_EIP8355: {
    address: "0x0000000000000000000000000000000000000612",
    aliases: [],
    configKey: "mldsaEip8355",
  },
  MLDSA65_EIP8355: {
    address: "0x0000000000000000000000000000000000000613",
    aliases: [],
    configKey: "mldsaEip8355",
  },
  MLDSA87_EIP8355: {
    address: "0x0000000000000000000000000000000000000614",
    aliases: [],
    configKey: "mldsaEip8355",
  },
  FROST: {
    address: "0x0000000000000000000000000000000000000802",
    aliases: ["0x020000000000000000000000000000000000000c", "0x0800000000000000000000000000000000000002"],
    configKey: "frostVerify",
  },
  CGGMP21: {
    address: "0x0000000000000000000000000000000000000803",
    aliases: ["0x020000000000000000000000000000000000000D", "0x0800000000000000000000000000000000000003"],
    configKey: "cggmp21Verify",
  },
  BALLOTS: {
    address: "0x0000000000000000000000000000000000000a01",
    aliases: [],
    configKey: "governanceConfig",
  },
  BLS: {
    address: "0x0000000000000000000000000000000000000B00",
    aliases: ["0x0300000000000000000000000000000000000021"],
    configKey: "blsConfig",
  },
  BLS_AGGREGATE: {
    address: "0x0000000000000000000000000000000000000B01",
    aliases: ["0x0300000000000000000000000000000000000022"],
    configKey: "blsConfig",
  },
  DEPLOYER_ALLOW_LIST: {
    address: "0x0200000000000000000000000000000000000000",
    aliases: [],
    configKey: "contractDeployerAllowListConfig",
  },
  NATIVE_MINTER: {
    address: "0x0200000000000000000000000000000000000001",
    aliases: [],
    configKey: "contractNativeMinterConfig",
  },
  TX_ALLOW_LIST: {
    address: "0x0200000000000000000000000000000000000002",
    aliases: [],
    configKey: "txAllowListConfig",
  },
  FEE_MANAGER: {
    address: "0x0200000000000000000000000000000000000003",
    aliases: [],
    configKey: "feeManagerConfig",
  },
  REWARD_MANAGER: {
    address: "0x0200000000000000000000000000000000000004",
    aliases: [],
    configKey: "rewardManagerConfig",
  },
  WARP_MESSENGER: {
    address: "0x0200000000000000000000000000000000000005",
    aliases: [],
    configKey: "warpConfig",
  },
} as const;
