"""OpenVINO as installed: without hints about precision, so that it takes bfloat16 where the processor has instructions
for it. The precision of its compiled network is reported."""

import openvino_peer
import peer


def load(work: peer.Work) -> peer.Engine:
    return openvino_peer.engine(work, "OpenVINO as installed", {})


if __name__ == "__main__":
    peer.serve(load)
