package io.compresso.data.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntryNamesTest {
  @Test
  void colons_belongToNames_asOfTensors() {
    assertThat(EntryNames.normalize("x:0.npy")).isEqualTo("x:0.npy");
    assertThat(EntryNames.normalize("./input:0")).isEqualTo("input:0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"C:\\a.npy", "c:/a.npy", "/a.npy", "a/../../b"})
  void paths_areRefused_whenTheyLeaveTheArchive(String name) {
    assertThatThrownBy(() -> EntryNames.normalize(name)).isInstanceOf(DataException.class);
  }
}
