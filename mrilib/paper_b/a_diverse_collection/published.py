"""Numbers printed in Section 7 and Appendix G of paper B, each defined once.

Reference: Lin, Heckel, Robustness of Deep Learning for Accelerated MRI, ICML 2024, Tables 1, 3 and 4.
"""

# Table 1: volumes, slices, and each list of percentage shares, as printed.
TABLE_1: dict[str, tuple[str, str, tuple[tuple[int, ...], ...]]] = {
    "fastmri_knee": ("1.2k", "42k", ((50, 50), (45, 55))),
    "fastmri_brain": ("6.4k", "100k", ((11, 21, 60, 8), (43, 67))),
    "fastmri_prostate": ("312", "9.5k", ()),
    "m4raw": ("1.4k", "25k", ((37, 37, 26),)),
    "skm_tea": ("310", "50k", ()),
    "stanford_3d_axial": ("19", "6k", ()),
    "stanford_3d_coronal": ("19", "6k", ()),
    "stanford_3d_sagittal": ("19", "4.8k", ()),
    "7t_axial": ("385", "112k", ()),
    "7t_coronal": ("385", "112k", ()),
    "7t_sagittal": ("385", "91k", ()),
    "cc_359_axial": ("67", "17k", ()),
    "cc_359_coronal": ("67", "14k", ()),
    "cc_359_sagittal": ("67", "11k", ()),
    "stanford_2d": ("89", "2k", ()),
    "nyu": ("100", "3.5k", ((40, 20, 40),)),
    "m4raw_gre": ("366", "6.6k", ()),
}

# Tables 3 and 4: network → trained on → the six test sets and the mean, in the order of `collection.TESTED`.
Printed = dict[str, dict[str, tuple[float, ...]]]
LPIPS: Printed = {
    "U-Net": {
        "fastmri_knee": (0.230, 0.249, 0.294, 0.226, 0.260, 0.276, 0.256),
        "fastmri_brain": (0.299, 0.224, 0.281, 0.270, 0.283, 0.253, 0.268),
        "d_p": (0.230, 0.224, 0.247, 0.221, 0.257, 0.249, 0.238),
        "test distribution": (0.230, 0.224, 0.215, 0.214, 0.246, 0.239, 0.228),
    },
    "ViT": {
        "fastmri_knee": (0.225, 0.246, 0.295, 0.219, 0.258, 0.265, 0.251),
        "fastmri_brain": (0.280, 0.220, 0.264, 0.254, 0.258, 0.253, 0.255),
        "d_p": (0.223, 0.221, 0.228, 0.219, 0.243, 0.252, 0.231),
        "test distribution": (0.225, 0.220, 0.206, 0.207, 0.236, 0.237, 0.222),
    },
    "VarNet": {
        "fastmri_knee": (0.209, 0.226, 0.306, 0.201, 0.244, 0.344, 0.255),
        "fastmri_brain": (0.246, 0.206, 0.251, 0.223, 0.241, 0.273, 0.240),
        "d_p": (0.210, 0.206, 0.173, 0.198, 0.228, 0.269, 0.214),
        "test distribution": (0.209, 0.206, 0.161, 0.193, 0.226, 0.219, 0.202),
    },
}
DISTS: Printed = {
    "U-Net": {
        "fastmri_knee": (0.132, 0.146, 0.185, 0.128, 0.163, 0.183, 0.156),
        "fastmri_brain": (0.163, 0.130, 0.168, 0.150, 0.168, 0.160, 0.157),
        "d_p": (0.132, 0.132, 0.149, 0.128, 0.154, 0.160, 0.142),
        "test distribution": (0.132, 0.130, 0.136, 0.123, 0.143, 0.153, 0.136),
    },
    "ViT": {
        "fastmri_knee": (0.132, 0.146, 0.185, 0.128, 0.163, 0.183, 0.156),
        "fastmri_brain": (0.163, 0.130, 0.168, 0.150, 0.168, 0.160, 0.157),
        "d_p": (0.132, 0.132, 0.149, 0.128, 0.154, 0.160, 0.142),
        "test distribution": (0.132, 0.130, 0.136, 0.123, 0.143, 0.153, 0.136),
    },
    "VarNet": {
        "fastmri_knee": (0.122, 0.132, 0.189, 0.106, 0.143, 0.226, 0.153),
        "fastmri_brain": (0.139, 0.120, 0.152, 0.118, 0.141, 0.174, 0.140),
        "d_p": (0.122, 0.119, 0.117, 0.095, 0.131, 0.179, 0.127),
        "test distribution": (0.122, 0.120, 0.105, 0.114, 0.131, 0.147, 0.123),
    },
}
ARTEFACTS: Printed = {
    "U-Net": {
        "fastmri_knee": (257, 184, 389, 153, 357, 246, 264),
        "fastmri_brain": (294, 157, 348, 167, 334, 197, 245),
        "d_p": (267, 169, 309, 165, 346, 194, 242),
        "test distribution": (257, 157, 239, 147, 267, 156, 204),
    },
    "ViT": {
        "fastmri_knee": (255, 189, 409, 158, 348, 239, 266),
        "fastmri_brain": (293, 154, 329, 173, 303, 202, 242),
        "d_p": (255, 157, 288, 158, 265, 194, 220),
        "test distribution": (255, 154, 227, 148, 249, 156, 198),
    },
    "VarNet": {
        "fastmri_knee": (245, 174, 434, 183, 318, 331, 281),
        "fastmri_brain": (271, 149, 292, 214, 323, 247, 249),
        "d_p": (245, 148, 151, 136, 271, 199, 192),
        "test distribution": (245, 149, 117, 138, 211, 139, 166),
    },
}
TABLES = {"Table 3, LPIPS": (LPIPS, 3), "Table 3, DISTS": (DISTS, 3), "Table 4": (ARTEFACTS, 0)}  # decimals
EXAMPLES = {"nyu": (0.846, 0.887), "stanford_2d": (0.932, 0.950), "m4raw_gre": (0.883, 0.907)}  # Figure 21: brain, D_P
