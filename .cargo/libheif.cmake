# Read by the build of libheif-sys: of all the codecs libheif would take from the machine it is built on, libde265 alone
# is left. What a build contains must not depend on what else is installed, and x265 is GPL.
foreach(codec X265 X264 kvazaar UVG266 vvenc vvdec AOM DAV1D SvtEnc RAV1E JPEG OpenJPEG OPENJPH OpenH264 FFMPEG LIBSHARPYUV ZLIB Brotli)
  set(CMAKE_DISABLE_FIND_PACKAGE_${codec} TRUE)
endforeach()
