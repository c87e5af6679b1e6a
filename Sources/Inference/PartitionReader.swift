import AstroMAE
import TensorFiles
