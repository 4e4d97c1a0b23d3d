package io.compresso.data.format;

import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.ImageSpec;
import io.compresso.data.Sample;
import io.compresso.data.image.ImageDecoder;
import io.compresso.data.image.ImageHeader;
import io.compresso.data.image.ImageTransform;
import java.util.List;
import java.util.Map;

/** Images in files. Samples are in the order of their paths. */
final class ImageFolderDataset extends FolderDataset {
  private final DatasetSchema schema;
  private final ImageTransform transform;
  private final DataLimits limits;

  ImageFolderDataset(
      ClassFiles files, String field, ImageSpec image, DataLimits limits, Runnable closer) {
    super(files, field, closer);
    this.limits = limits;
    ImageHeader first = header(0);
    transform = new ImageTransform(image, first.width(), first.height(), 3);
    Column.requireSize(field, transform.dtype(), transform.shape(), limits);
    schema =
        new DatasetSchema(
            List.of(new Field(field, transform.dtype(), transform.shape())), files.labelSchema());
  }

  /** Reads every image's header and refuses what is no image of a usable size. */
  void checkHeaders() {
    for (int i = 0; i < files.size(); i++) {
      ImageHeader header = header(i);
      header.requireAtMost(limits.maxImagePixels(), describe(i));
      transform.requireSize(header.width(), header.height(), describe(i));
    }
  }

  private ImageHeader header(int index) {
    return ImageHeader.read(files.read(index), describe(index));
  }

  @Override
  public DatasetSchema schema() {
    return schema;
  }

  @Override
  public Sample get(long index) {
    String where = describe(index);
    byte[] bytes = files.read(index);
    return new Sample(
        Map.of(
            field,
            transform.apply(ImageDecoder.decode(bytes, limits.maxImagePixels(), where), where)),
        label(index));
  }
}
