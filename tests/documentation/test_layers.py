"""The picture of the layers has a box for every package."""

from xml.etree import ElementTree

from documentation import layers


def test_it_is_an_svg_with_every_package_and_what_it_is(tmp_path):
    layers.main(tmp_path / "layers.svg")
    texts = [node.text for node in ElementTree.parse(tmp_path / "layers.svg").iter() if node.text]
    names = [name for row in layers.rows() for name in row if name != "__main__"]
    assert all(name in texts for name in names)
    assert all(layers.about(name) for name in names)
