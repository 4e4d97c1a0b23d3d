/** Recordings: WAV files, resampling, spectra on the mel scale. */
@NullMarked
package io.compresso.data.audio;

import org.jspecify.annotations.NullMarked;
