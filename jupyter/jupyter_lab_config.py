# JupyterLab opens notebook 00, or the one that it is given, where the folder that it serves has notebook 00;
# elsewhere it starts as it always does. Given a file, it serves that file's folder.
import os
import sys

c = get_config()  # noqa: F821
given = next((word for word in sys.argv[1:] if os.path.exists(word)), ".")
served, opened = (given, "") if os.path.isdir(given) else os.path.split(given)
for name in ("notebooks/00_start_here.ipynb", "00_start_here.ipynb"):
    if os.path.isfile(os.path.join(served, name)):
        c.LabApp.default_url = f"/lab/tree/{opened or name}"
        break
