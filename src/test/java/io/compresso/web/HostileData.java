package io.compresso.web;

import static io.compresso.web.DataBytes.text;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Data sets that must be refused: name -> (spec, bytes, what the problem must mention). */
final class HostileData {
  private HostileData() {}

  /** A data set, its spec, and a word of the problem's detail; empty when any will do. */
  record Body(String spec, byte[] bytes, String mention) {}

  static Map<String, Body> all() {
    Map<String, Body> all = new LinkedHashMap<>();
    byte[] mnist = DataBytes.mnist(20, 20, 3);
    byte[] png = DataBytes.png(8, 8);
    all.put("nothing", new Body("{}", new byte[0], ""));
    all.put("unknown bytes", new Body("{}", new byte[] {9, 9, 9, 9}, ""));
    all.put("spec that is not JSON", new Body("{format", mnist, ""));
    all.put("spec that is a list", new Body("[1]", mnist, "spec"));
    all.put("unknown field of the spec", new Body("{\"formt\":\"idx\"}", mnist, "formt"));
    all.put("unknown format", new Body("{\"format\":\"parquet\"}", mnist, "parquet"));
    all.put("unknown nested field", new Body("{\"image\":{\"widht\":4}}", mnist, "image.widht"));
    all.put("width of 0", new Body("{\"image\":{\"width\":0,\"height\":4}}", mnist, "width"));
    all.put("deviation of 0", new Body("{\"image\":{\"std\":[0]}}", mnist, "std"));
    all.put(
        "means for other channels",
        new Body("{\"image\":{\"channels\":\"rgb\",\"mean\":[1,2]}}", mnist, "mean"));
    all.put(
        "IDX cut",
        new Body("{\"format\":\"idx\"}", Arrays.copyOf(DataBytes.idxImages(20, 20), 100), ""));
    all.put(
        "IDX that declares 2^31 images",
        new Body("{\"format\":\"idx\"}", DataBytes.idxImages(-1, 2), ""));
    all.put(
        "IDX with an unknown type",
        new Body("{\"format\":\"idx\"}", new byte[] {0, 0, 0x77, 1, 0, 0, 0, 1, 5}, ""));
    all.put(
        "fewer labels than images",
        new Body("{\"format\":\"idx\"}", DataBytes.mnist(20, 19, 3), "19"));
    all.put("zip cut", new Body("{}", Arrays.copyOf(mnist, mnist.length / 2), ""));
    all.put(
        "zip bomb of data",
        new Body("{}", DataBytes.bomb("train-images-idx3-ubyte", 96 << 20), ""));
    all.put(
        "zip of data that leads out",
        new Body("{}", DataBytes.zip(Map.of("../cat/a.png", png)), ""));
    all.put(
        "tar of data that leads out",
        new Body("{}", DataBytes.tar(Map.of("/etc/cat/a.png", png)), ""));
    all.put(
        "tar of data with a link",
        new Body("{}", DataBytes.tarWithLink("cat/a.png", "/etc/passwd"), ""));
    all.put("empty zip", new Body("{}", DataBytes.zip(Map.of()), ""));
    all.put(
        "image cut",
        new Body(
            "{}",
            DataBytes.zip(Map.of("cat/a.png", Arrays.copyOf(png, 40), "dog/b.png", png)),
            "a.png"));
    all.put(
        "image of 2^31 pixels",
        new Body("{}", DataBytes.zip(Map.of("cat/a.png", huge(png), "dog/b.png", png)), "46341"));
    all.put(
        "text among images",
        new Body(
            "{\"format\":\"images\"}",
            DataBytes.zip(Map.of("cat/a.png", text("no image"), "dog/b.png", png)),
            "a.png"));
    all.put(
        "NPY without its header",
        new Body(
            "{\"format\":\"npy\"}",
            new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0},
            ""));
    all.put(
        "NPY of Python objects",
        new Body(
            "{\"format\":\"npy\"}",
            DataBytes.npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16),
            ""));
    all.put(
        "NPY whose shape overflows",
        new Body(
            "{\"format\":\"npy\"}",
            DataBytes.npy(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }",
                16),
            ""));
    all.put(
        "NPY of negative size",
        new Body(
            "{\"format\":\"npy\"}",
            DataBytes.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }", 16),
            ""));
    all.put(
        "CSV with a ragged row",
        new Body("{\"format\":\"csv\"}", text("a,b,label\n1,2,x\n1,2\n"), "3"));
    all.put(
        "CSV with a word for a number",
        new Body(
            "{\"format\":\"csv\",\"label\":\"label\",\"fields\":[{\"name\":\"x\",\"columns\":[\"a\"]}]}",
            text("a,label\n1,x\ncat,y\n"),
            "line 3"));
    all.put(
        "label column that is not there",
        new Body("{\"format\":\"csv\",\"label\":\"species\"}", text("a,b\n1,2\n3,4\n"), "species"));
    return all;
  }

  /** A PNG whose header declares 46341 x 46341 pixels. */
  private static byte[] huge(byte[] png) {
    byte[] copy = png.clone();
    for (int at : new int[] {16, 20}) {
      copy[at] = 0;
      copy[at + 1] = 0;
      copy[at + 2] = (byte) 0xB5;
      copy[at + 3] = 5;
    }
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(copy, 12, 17);
    java.nio.ByteBuffer.wrap(copy).putInt(29, (int) crc.getValue());
    return copy;
  }
}
