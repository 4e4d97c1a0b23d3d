package io.compresso.compress;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What uploads may take.
 *
 * @param maxModelSize bytes of a model's file, and of what an archive of one unpacks to
 * @param maxDatasetSize bytes of a data set's archive
 */
@ConfigurationProperties("compresso.uploads")
record UploadProperties(
    @DefaultValue("64GB") DataSize maxModelSize, @DefaultValue("256GB") DataSize maxDatasetSize) {}
