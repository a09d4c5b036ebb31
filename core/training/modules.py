"""The modules and the optimizers of the lesson, by their names in its script."""

OPTIMIZERS = {"SGD": "torch.optim.SGD", "Adam": "torch.optim.Adam", "AdamW": "torch.optim.AdamW"}
PLAIN, BUFFER, PARAMETER = "plain attribute", "buffer", "parameter"
UNDECAYED, NORM = "parameter, no decay", "BatchNorm"  # MODULES by the names of the script
MODULES = {
    PLAIN: "The mask is a plain attribute",
    BUFFER: "The mask is a buffer",
    PARAMETER: "The mask is an `nn.Parameter`",
    UNDECAYED: "The mask is an `nn.Parameter` that the weight decay leaves out",
    NORM: "A BatchNorm and a linear layer, without a mask",
}
