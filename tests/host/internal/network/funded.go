package network

// FundedKey is the public local test key, of the address
// 0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC, which every genesis for tests funds.
const FundedKey = "56289e99c94b6912bfc12adc093c9b51124f0dc54ac7a766b2bc5ccf558d8027"
