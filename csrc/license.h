/* What --license prints: what the project declares (pyproject.toml; a test holds them together), and the notice that
 * the C library inside the static command asks for.
 */
#ifndef LICENSE_H
#define LICENSE_H

static const char license_text[] =
    "minipod declares no licence of its own.\n"
    "\n"
    "The command holds parts of the C library that it is linked with. minipod --version says which.\n"
    "\n"
    "musl: Copyright (c) 2005-2020 Rich Felker, et al.; licensed under the MIT license:\n"
    "\n"
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software\n"
    "and associated documentation files (the \"Software\"), to deal in the Software without\n"
    "restriction, including without limitation the rights to use, copy, modify, merge, publish,\n"
    "distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the\n"
    "Software is furnished to do so, subject to the following conditions:\n"
    "\n"
    "The above copyright notice and this permission notice shall be included in all copies or\n"
    "substantial portions of the Software.\n"
    "\n"
    "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING\n"
    "BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND\n"
    "NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,\n"
    "DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,\n"
    "OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n"
    "\n"
    "glibc: GNU Lesser General Public License, version 2.1 or later; https://www.gnu.org/licenses/lgpl-2.1.html\n";

#endif
