"""What encoder and sketch are built of."""

from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """Adds to `width` numbers what a layer of `hidden` makes of them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # norms are not to be half as precise
        added: Tensor = self.down(functional.gelu(self.up(self.norm(x))))
        return x + added


def embedding(count: int, width: int) -> nn.Embedding:
    """A table whose entries start out small."""
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=0.1)
    return table
