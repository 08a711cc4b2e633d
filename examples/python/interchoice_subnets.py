"""Subnets of interchoice in PyTorch.

    net = load("best.safetensors")    # a file that interchoice::save wrote of a Subnet
    logits = net(images)              # in evaluation mode; its state_dict has the file's names

Knows NAS-Bench-201, FairNAS in the paper's layout and NAS-Bench-Macro, of super-networks of any
policy that can be extracted. Sizes are those of the file's tensors. Needs torch and safetensors.
"""

from safetensors import safe_open
from torch import nn
from torch.nn.functional import avg_pool2d, relu, relu6

FAIRNAS_OPS = ["k3e3", "k5e3", "k7e3", "k3e6", "k5e6", "k7e6"]
FAIRNAS_STRIDES = [2, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
MACRO_OPS = ["identity", "k3e3", "k5e6"]
MACRO_STRIDES = [2, 1, 2, 1, 1, 2, 1, 1]


class Modules(nn.Module):
    """Convolutions, BatchNorms and linear layers as the names and sizes of tensors say."""

    def __init__(self, tensors):
        super().__init__()
        for name in dict.fromkeys(key.split(".")[0] for key in tensors):
            if name in tensors:  # a constant of a choice
                self.register_parameter(name, nn.Parameter(tensors[name].clone()))
                continue
            own = {k.removeprefix(name + "."): t for k, t in tensors.items() if k.startswith(name + ".")}
            if "running_mean" in own:
                self.add_module(name, nn.BatchNorm2d(len(own["running_mean"]), affine="weight" in own))
            elif "weight" not in own:
                self.add_module(name, Modules(own))
            elif own["weight"].dim() == 2:
                self.add_module(name, nn.Linear(*reversed(own["weight"].shape)))
            else:
                out, inputs, kernel, _ = own["weight"].shape
                groups = out if name == "depthwise" else 1
                self.add_module(name, nn.Conv2d(inputs * groups, out, kernel, padding=kernel // 2,
                                                groups=groups, bias=False))

    def get(self, name):
        return getattr(self, name, None)


def along_channels(x, scale, shift):
    x = x if scale is None else x * scale[:, None, None]
    return x if shift is None else x + shift[:, None, None]


def inverted_residual(op, x, act, scale, shift):
    y = act(along_channels(op.norm1(op.expansion(x)), scale, shift))
    y = op.norm3(op.projection(act(op.norm2(op.depthwise(y)))))
    keeps_shape = op.depthwise.stride == (1, 1) and op.expansion.in_channels == op.projection.out_channels
    return x + y if keeps_shape else y


def choice(block, name, x, act=relu, pool=None):
    """op(x * scale + vector), its first BatchNorm scaled and shifted."""
    block = block or Modules({})  # of an operation without tensors
    x = along_channels(x, block.get("input_scale"), block.get("input_vector"))
    op, scale, shift = block.get(name), block.get("norm_scale"), block.get("norm_shift")
    if op is None:
        return x * 0 if name == "none" else pool(x) if name == "avg_pool_3x3" else x
    if op.get("expansion"):
        return inverted_residual(op, x, act, scale, shift)
    y = op.convolution(relu(x) if name.startswith("nor_conv") else x)
    return along_channels(op.norm(y), scale, shift) if op.get("norm") else y


class NasBench201(Modules):
    def __init__(self, tensors, facts, count_include_pad):
        super().__init__(tensors)
        self.count_include_pad = count_include_pad
        self.nodes = [[edge.split("~") for edge in node.strip("|").split("|")]
                      for node in facts["architecture"].split("+")]
        stages = [["cell"] * int(count) for count in facts["options.cells_per_stage"].split(",")]
        self.layers = sum((["reduction"] + stage for stage in stages[1:]), stages[0])
        for i, layer in enumerate(self.layers):
            if layer == "reduction":
                self.cells.get(str(i)).convolution1.stride = (2, 2)

    def cell(self, modules, x):
        def pool(x):
            return avg_pool2d(x, 3, 1, 1, count_include_pad=self.count_include_pad)
        nodes = [x]
        for target, edges in enumerate(self.nodes, 1):
            nodes.append(sum(choice(modules and modules.get(f"edge{source}{target}"), name,
                                    nodes[int(source)], pool=pool) for name, source in edges))
        return nodes[-1]

    def reduction(self, r, x):
        y = r.norm2(r.convolution2(relu(r.norm1(r.convolution1(relu(x))))))
        return y + r.shortcut(avg_pool2d(x, 2, ceil_mode=True))

    def forward(self, x):
        x = self.stem.norm(self.stem.convolution(x))
        for i, layer in enumerate(self.layers):
            x = getattr(self, layer)(self.get("cells") and self.cells.get(str(i)), x)
        return self.head.linear(relu(self.head.norm(x)).mean((2, 3)))


class Chain(Modules):
    """FairNAS and NAS-Bench-Macro."""

    def __init__(self, tensors, architecture, ops, strides, act):
        super().__init__(tensors)
        self.ops, self.act = [ops[int(c)] for c in architecture.replace("-", "")], act
        if self.stem.get("depthwise"):
            self.stem.convolution.stride = (2, 2)
        for i, (name, stride) in enumerate(zip(self.ops, strides)):
            op = self.body.get(str(i)) and self.body.get(str(i)).get(name)
            if op:
                (op.get("depthwise") or op.convolution).stride = (stride, stride)

    def forward(self, x):
        stem, head, act = self.stem, self.head, self.act
        if stem.get("depthwise"):
            x = act(stem.norm2(stem.depthwise(act(stem.norm1(stem.convolution(x))))))
            x = stem.norm3(stem.projection(x))
        else:
            x = act(stem.norm(stem.convolution(x)))
        for i, name in enumerate(self.ops):
            x = choice(self.body.get(str(i)), name, x, act)
        return head.linear(act(head.norm(head.convolution(x))).mean((2, 3)))


def load(path, count_include_pad=True):
    """The network of a file. `count_include_pad`: False for `NasBench201Benchmark`'s own networks."""
    with safe_open(path, framework="pt") as file:
        facts = {k.removeprefix("interchoice.network."): v for k, v in file.metadata().items()}
        tensors = {k.removeprefix("network."): file.get_tensor(k) for k in file.keys()}
    space, architecture = facts.get("space", "").split(":")[0], facts.get("architecture")
    if architecture and space == "nasbench201":
        net = NasBench201(tensors, facts, count_include_pad)
    elif architecture and space == "fairnas":
        net = Chain(tensors, architecture, FAIRNAS_OPS, FAIRNAS_STRIDES, relu6)
    elif architecture and space == "nasbench-macro":
        net = Chain(tensors, architecture, MACRO_OPS, MACRO_STRIDES, relu)
    else:
        raise ValueError(f"{path}: holds no subnet of a known space, but {facts.get('space')!r}; extract it")
    net.load_state_dict(tensors)
    return net.eval()
