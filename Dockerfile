# syntax=docker/dockerfile:1

# 1. Build the jar and lay it out as a folder of libraries: they change seldom and make one layer.
FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /build
COPY pom.xml ./
COPY src/build src/build
COPY src/main src/main
RUN mvn -q -B -ntp -Dmaven.test.skip=true -Dformat.skip=true package \
    && mv target/compresso-*-SNAPSHOT.jar compresso.jar \
    && java -Djarmode=tools -jar compresso.jar extract --destination /app

# 2. A Java runtime of the modules that are used, among them the Vector API's.
FROM eclipse-temurin:25-jdk AS runtime
RUN jlink --no-header-files --no-man-pages --strip-debug --compress zip-6 --output /jre \
    --add-modules java.se,jdk.incubator.vector,jdk.unsupported,jdk.management,jdk.jfr,jdk.net,jdk.zipfs,jdk.crypto.ec,jdk.localedata,jdk.security.auth

# 3. The image: the runtime, the program, a user without rights.
FROM debian:trixie-slim
RUN groupadd --system --gid 10001 compresso \
    && useradd --system --uid 10001 --gid compresso --home-dir /var/lib/compresso --create-home compresso
COPY --from=runtime /jre /opt/jre
COPY --from=build --chown=root:root /app/lib /opt/compresso/lib
COPY --from=build --chown=root:root /app/compresso.jar /opt/compresso/compresso.jar
# An archive of the classes that models need, for quick starts of the program and of its jobs. Where it does not fit,
# the JVM does without.
RUN /opt/jre/bin/java -XX:+UseSerialGC -XX:DumpLoadedClassList=/tmp/classes --add-modules jdk.incubator.vector \
        --enable-native-access=ALL-UNNAMED -jar /opt/compresso/compresso.jar train \
    && /opt/jre/bin/java -XX:+UseSerialGC -Xshare:dump -XX:SharedClassListFile=/tmp/classes \
        -XX:SharedArchiveFile=/opt/compresso/compresso.jsa --add-modules jdk.incubator.vector \
        --enable-native-access=ALL-UNNAMED -jar /opt/compresso/compresso.jar \
    && rm -f /tmp/classes
USER 10001:10001
WORKDIR /var/lib/compresso
VOLUME /var/lib/compresso
# ONNX Runtime, which results are compared with, reports to its maker unless ORT_DISABLE_TELEMETRY is set.
ENV COMPRESSO_HOME=/var/lib/compresso SERVER_ADDRESS=0.0.0.0 ORT_DISABLE_TELEMETRY=1 PATH=/opt/jre/bin:$PATH
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/jre/bin/java", "-XX:SharedArchiveFile=/opt/compresso/compresso.jsa", "-Xlog:cds=off", "-Xlog:aot=off", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:MaxRAMPercentage=25", "-XX:+ExitOnOutOfMemoryError", "-jar", "/opt/compresso/compresso.jar"]
CMD ["serve"]
