package io.compresso.web.api;

import org.jspecify.annotations.Nullable;
import org.springframework.web.multipart.MultipartFile;

/** What uploads have in common. */
public final class Uploads {
  private static final int MAX_NAME = 200;

  private Uploads() {}

  /** A name for what a form has sent: the file's, without its folders and its extension. */
  public static String nameOf(MultipartFile file, String otherwise) {
    @Nullable String original = file.getOriginalFilename();
    if (original == null) {
      return otherwise;
    }
    String name =
        original.substring(Math.max(original.lastIndexOf('/'), original.lastIndexOf('\\')) + 1);
    int dot = name.indexOf('.', 1);
    name = dot < 0 ? name : name.substring(0, dot);
    name = name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
    return name.isBlank() ? otherwise : name;
  }
}
