"""A wheel with a library that any Python loads: py3-none, but of a platform.

Not manylinux: the library takes GnuTLS, nettle, GMP and inih of the system,
which that name promises not to do.
"""
import sysconfig

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        platform = sysconfig.get_platform()
        return "py3", "none", platform.replace("-", "_").replace(".", "_")


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(
    distclass=Binary,
    name="ordersync",
    version="@VERSION@",
    description="SQL Server views as SQLite tables: a loadable extension",
    long_description=open("README.md", encoding="utf-8").read(),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.8",
    packages=["ordersync"],
    package_data={"ordersync": ["ordersync.so", "py.typed"]},
    zip_safe=False,
    cmdclass={"bdist_wheel": PlatformWheel},
)
