package io.compresso.data;

import static io.compresso.data.TestArchives.checked;
import static io.compresso.data.TestArchives.concat;
import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.gzip;
import static io.compresso.data.TestArchives.idx;
import static io.compresso.data.TestArchives.rawZip;
import static io.compresso.data.TestArchives.tar;
import static io.compresso.data.TestArchives.tarEntry;
import static io.compresso.data.TestArchives.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.compresso.data.DataException.Code;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Archives that are damaged or mean harm are refused, by what is wrong with them. */
class HostileArchiveTest {
  private static final byte[] END = new byte[1024];
  private static final byte[] DATA = idx(8, new int[] {2}, new byte[] {1, 2});

  @TempDir Path folder;

  private DataException refusal(byte[] upload, DataLimits limits) {
    DataFile file = file(folder, "upload", upload);
    DataException refusal =
        catchThrowableOfType(
            DataException.class,
            () -> Datasets.inspect(List.of(file), DatasetSpec.AUTO, limits, folder));
    assertThat(refusal).isNotNull();
    return refusal;
  }

  private DataException refusal(byte[] upload) {
    return refusal(upload, DataLimits.DEFAULT);
  }

  @AfterEach
  void nothingIsLeftBehind() throws Exception {
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.filter(Files::isDirectory)).isEmpty();
    }
  }

  private static byte[] pax(String record) {
    byte[] content = record.getBytes(StandardCharsets.UTF_8);
    return tarEntry("pax", 'x', content.length, content);
  }

  private static byte[] withBadChecksum() {
    byte[] archive = tar(entries("a.idx", DATA));
    archive[0] = 'b';
    return concat(tarEntry("first.idx", '0', DATA.length, DATA), archive);
  }

  private static byte[] withHugeSize() {
    byte[] entry = tarEntry("a.idx", '0', 0, new byte[0]);
    byte[] header = Arrays.copyOf(entry, 512);
    Arrays.fill(header, 124, 136, (byte) 0xFF);
    return concat(checked(header), END);
  }

  static Stream<Arguments> tars() {
    byte[] empty = new byte[0];
    return Stream.of(
        Arguments.of(tar(entries("../a.idx", DATA)), Code.UNSAFE_ARCHIVE, "leaves the archive"),
        Arguments.of(tar(entries("a/../../b.idx", DATA)), Code.UNSAFE_ARCHIVE, "a/../../b.idx"),
        Arguments.of(tar(entries("/etc/passwd", DATA)), Code.UNSAFE_ARCHIVE, "absolute"),
        Arguments.of(tar(entries("C:\\a.idx", DATA)), Code.UNSAFE_ARCHIVE, "absolute"),
        Arguments.of(tar(entries("a\nb.idx", DATA)), Code.UNSAFE_ARCHIVE, "control character"),
        Arguments.of(
            concat(tarEntry("link", '2', 0, empty), END),
            Code.UNSAFE_ARCHIVE,
            "entry 'link': links"),
        Arguments.of(
            concat(tarEntry("hard", '1', 0, empty), END),
            Code.UNSAFE_ARCHIVE,
            "entry 'hard': links"),
        Arguments.of(
            concat(tarEntry("null", '3', 0, empty), END), Code.UNSAFE_ARCHIVE, "is a device"),
        Arguments.of(
            concat(tarEntry("fifo", '6', 0, empty), END), Code.UNSAFE_ARCHIVE, "is a device"),
        Arguments.of(
            concat(tarEntry("s", 'S', 0, empty), END),
            Code.MALFORMED,
            "entry type 'S' is not read"),
        Arguments.of(
            concat(pax("20 path=../evil.idx\n"), tarEntry("a.idx", '0', DATA.length, DATA), END),
            Code.UNSAFE_ARCHIVE,
            "../evil.idx"),
        Arguments.of(
            concat(pax("22 GNU.sparse.major=1\n"), tarEntry("a", '0', 0, empty), END),
            Code.UNSAFE_ARCHIVE,
            "sparse"),
        Arguments.of(
            concat(pax("99 path=a\n"), tarEntry("a", '0', 0, empty), END),
            Code.MALFORMED,
            "at byte 512: an extended header's record is damaged"),
        Arguments.of(
            concat(pax("13 size=many\n"), tarEntry("a", '0', 0, empty), END),
            Code.MALFORMED,
            "size is not a number"),
        Arguments.of(
            concat(tarEntry("a.idx", '0', 1 << 20, DATA), END),
            Code.MALFORMED,
            "at byte 0: an entry of 1048576 bytes reaches beyond the archive's end"),
        Arguments.of(
            withHugeSize(), Code.MALFORMED, "at byte 0: a number in the header is too large"),
        Arguments.of(withBadChecksum(), Code.MALFORMED, "at byte 1024: the header's checksum"),
        Arguments.of(
            tarEntry("a.idx", '0', DATA.length, DATA), Code.MALFORMED, "without its end mark"),
        Arguments.of(
            concat(
                tarEntry("a.idx", '0', DATA.length, DATA),
                tarEntry("./a.idx", '0', DATA.length, DATA),
                END),
            Code.MALFORMED,
            "entry 'a.idx': the archive holds this entry twice"),
        Arguments.of(tar(Map.of("readme.md", DATA)), Code.MALFORMED, "there is no file of data"));
  }

  @ParameterizedTest
  @MethodSource("tars")
  void tar_isRefused(byte[] archive, Code code, String message) {
    DataException refusal = refusal(archive);
    assertThat(refusal).hasMessageContaining(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  static Stream<Arguments> zips() {
    byte[] good = zip(entries("a.idx", DATA));
    int symlink = 0xA1FF << 16;
    int regular = 0x81A4 << 16;
    return Stream.of(
        Arguments.of(zip(entries("../a.idx", DATA)), Code.UNSAFE_ARCHIVE, "leaves the archive"),
        Arguments.of(zip(entries("..\\a.idx", DATA)), Code.UNSAFE_ARCHIVE, "leaves the archive"),
        Arguments.of(zip(entries("/a.idx", DATA)), Code.UNSAFE_ARCHIVE, "absolute"),
        Arguments.of(
            rawZip(new String[] {"l"}, DATA, 0, symlink), Code.UNSAFE_ARCHIVE, "entry 'l': links"),
        Arguments.of(
            rawZip(new String[] {"l"}, DATA, 1, regular), Code.UNSAFE_ARCHIVE, "is encrypted"),
        Arguments.of(
            rawZip(new String[] {"a.idx", "a.idx"}, DATA, 0, regular),
            Code.MALFORMED,
            "entry 'a.idx': the archive holds this entry twice"),
        Arguments.of(
            rawZip(new String[] {"a.idx", "./a.idx"}, DATA, 0, regular),
            Code.MALFORMED,
            "entry 'a.idx': the archive holds this entry twice"),
        Arguments.of(
            Arrays.copyOf(good, good.length - 30), Code.MALFORMED, "no end-of-directory record"),
        Arguments.of(zip(Map.of()), Code.MALFORMED, "the archive holds no file"));
  }

  @ParameterizedTest
  @MethodSource("zips")
  void zip_isRefused(byte[] archive, Code code, String message) {
    DataException refusal = refusal(archive);
    assertThat(refusal).hasMessageContaining(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  @Test
  void zipEntryLargerThanStated_isRefused() {
    byte[] archive = zip(entries("a.idx", new byte[1000]));
    for (int i = 0; i + 4 < archive.length; i++) {
      if (archive[i] == 'P' && archive[i + 1] == 'K' && archive[i + 2] == 1) {
        archive[i + 24] = 10;
        archive[i + 25] = 0;
      }
    }
    assertThat(refusal(archive).code()).isEqualTo(Code.MALFORMED);
  }

  @Test
  void zipBomb_isRefusedByItsDirectory() {
    byte[] archive = zip(entries("a.idx", new byte[80 << 20]));
    DataException refusal = refusal(archive);
    assertThat(refusal).hasMessageContaining("the archive unpacks from");
    assertThat(refusal.code()).isEqualTo(Code.LIMIT_EXCEEDED);
  }

  @Test
  void gzipBomb_isRefusedWhileItIsUnpacked() {
    byte[] bomb = gzip(new byte[80 << 20]);
    DataException refusal = refusal(zip(entries("images-idx3-ubyte.gz", bomb)));
    assertThat(refusal).hasMessageContaining("entry 'images-idx3-ubyte.gz': unpacks from");
    assertThat(refusal.code()).isEqualTo(Code.LIMIT_EXCEEDED);
  }

  @Test
  void totalBytes_areLimited() {
    DataLimits limits = new DataLimits(100, 1000, 100, 1000, 1000, 1000);
    DataException refusal = refusal(zip(entries("a.idx", new byte[2000])), limits);
    assertThat(refusal.code()).isEqualTo(Code.LIMIT_EXCEEDED);
    assertThat(refusal(gzip(tar(entries("a.idx", DATA))), limits).code())
        .isEqualTo(Code.LIMIT_EXCEEDED);
  }

  @Test
  void entryCount_isLimited() {
    DataLimits limits = new DataLimits(3, 1 << 20, 100, 1000, 1000, 1000);
    Map<String, byte[]> many = new LinkedHashMap<>();
    for (int i = 0; i < 5; i++) {
      many.put("e" + i + ".idx", DATA);
    }
    for (byte[] archive : List.of(tar(many), zip(many))) {
      assertThat(refusal(archive, limits))
          .hasMessage("the archive has more than 3 entries")
          .extracting(DataException::code)
          .isEqualTo(Code.LIMIT_EXCEEDED);
    }
  }

  @Test
  void truncatedGzip_isRefusedByName() {
    byte[] whole = gzip(idx(8, new int[] {100_000}, new byte[100_000]));
    byte[] half = Arrays.copyOf(whole, whole.length / 2);
    assertThat(refusal(tar(entries("a-ubyte.gz", half))))
        .hasMessageContaining("entry 'a-ubyte.gz': the compressed data is damaged or truncated")
        .extracting(DataException::code)
        .isEqualTo(Code.MALFORMED);
    assertThat(refusal(half).code()).isEqualTo(Code.MALFORMED);
  }

  @Test
  void longNames_areRead() {
    String name = "x".repeat(150) + ".idx";
    byte[] gnu =
        concat(
            tarEntry("././@LongLink", 'L', name.length(), name.getBytes(StandardCharsets.US_ASCII)),
            tarEntry("short", '0', DATA.length, DATA),
            END);
    String record = " path=" + name + "\n";
    byte[] pax =
        concat(pax((record.length() + 3) + record), tarEntry("short", '0', DATA.length, DATA), END);
    for (byte[] archive : List.of(gnu, pax)) {
      try (Dataset dataset =
          Datasets.open(
              List.of(file(folder, "d.tar", archive)),
              DatasetSpec.of(Map.of("label", false)),
              DataLimits.DEFAULT,
              folder)) {
        assertThat(dataset.schema().describe()).isEqualTo("x".repeat(150) + " uint8[]");
      }
    }
  }

  @Test
  void archiveInAnArchive_isOpened_whenItIsTheOnlyEntry() {
    byte[] inner = zip(entries("a.idx", DATA));
    try (Dataset dataset =
        Datasets.open(
            List.of(file(folder, "d", tar(entries("inner.zip", inner)))),
            DatasetSpec.of(Map.of("label", false)),
            DataLimits.DEFAULT,
            folder)) {
      assertThat(dataset.size()).isEqualTo(2);
    }
  }

  @Test
  void randomBytes_neverDoMoreThanBeingRefused() {
    byte[] tar = tar(entries("c/a.idx", DATA, "c/b.idx", DATA));
    byte[] zip = zip(entries("c/a.idx", DATA, "c/b.idx", DATA));
    java.util.Random random = new java.util.Random(7);
    for (int round = 0; round < 300; round++) {
      byte[] bytes = (round % 2 == 0 ? tar : zip).clone();
      for (int flip = 0; flip < 3; flip++) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      DataFile file = file(folder, "r", bytes);
      try (Dataset dataset =
          Datasets.open(List.of(file), DatasetSpec.AUTO, DataLimits.DEFAULT, folder)) {
        dataset.get(0);
      } catch (DataException e) {
        assertThat(e.code()).as("round %d", round).isNotEqualTo(Code.IO);
      }
    }
  }

  @Test
  void binaryOfNoKnownFormat_isRefused() {
    assertThatThrownBy(() ->
            Datasets.open(
                List.of(file(folder, "d.bin", new byte[] {7, 0, 1, 2, 3, 4, 5, 6, 7})),
                DatasetSpec.AUTO,
                DataLimits.DEFAULT,
                folder))
        .hasMessageContaining("entry 'd.bin': the format is not recognised");
  }
}
