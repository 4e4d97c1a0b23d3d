/**
 * Data sets: readers of IDX, NPY, NPZ, CSV and image folders, selections of samples, and the
 * binding of samples to a model's inputs. Uploaded files are hostile until they are read: sizes,
 * names and counts are checked against {@link DataLimits} before memory is taken.
 */
@NullMarked
package io.compresso.data;

import org.jspecify.annotations.NullMarked;
