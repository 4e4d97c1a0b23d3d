package io.compresso.data.format;

import io.compresso.data.AudioSpec;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.Sample;
import io.compresso.data.audio.AudioTransform;
import io.compresso.data.audio.WavFile;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Recordings in files. Samples are in the order of their paths. */
final class AudioFolderDataset extends FolderDataset {
  private final Shape shape;
  private final AudioTransform transform;
  private final DatasetSchema schema;

  /**
   * @param shape the shape of each sample, of as many elements; null for the transform's
   */
  AudioFolderDataset(
      ClassFiles files,
      String field,
      @Nullable Shape shape,
      AudioSpec audio,
      DataLimits limits,
      Runnable closer) {
    super(files, field, closer);
    this.transform = new AudioTransform(audio, recording(0));
    this.shape = shape == null ? transform.shape() : shape;
    if (this.shape.size() != transform.shape().size()) {
      throw new DataException(
          Code.INVALID_SPEC,
          "field '" + field + "'",
          "the shape %s has not the %d elements of %s"
              .formatted(shape, transform.shape().size(), transform.shape()));
    }
    Column.requireSize(field, DType.FLOAT, this.shape, limits);
    this.schema =
        new DatasetSchema(List.of(new Field(field, DType.FLOAT, this.shape)), files.labelSchema());
  }

  private WavFile recording(long index) {
    return WavFile.read(files.read(index), describe(index));
  }

  /** Reads every file and refuses what is no recording of a usable rate. */
  void checkFiles() {
    for (int i = 0; i < files.size(); i++) {
      transform.requireRate(recording(i).rate(), describe(i));
    }
  }

  @Override
  public DatasetSchema schema() {
    return schema;
  }

  @Override
  public Sample get(long index) {
    return new Sample(
        Map.of(field, transform.apply(recording(index), describe(index)).reshape(shape)),
        label(index));
  }
}
