"""Proton density and relaxation times of tissues at any field strength.

Sources of the 3 T values and of the field dependence: Wansapura et al., JMRI 9:531, 1999 (grey and white matter);
Stanisz et al., MRM 54:507, 2005; Gold et al., AJR 183:343, 2004 (knee, 1.5 and 3 T); Bottomley et al., Med. Phys.
11:425, 1984 (T1 grows roughly as B0 to the power 1/3, T2 hardly depends on it).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tissue:
    """Proton density (relative to water), T1 and T2 in seconds at 3 T, and their exponents in the field strength."""

    proton_density: float
    t1_3t: float
    t2_3t: float
    t1_exponent: float = 1 / 3
    t2_exponent: float = 0.0
    fat_fraction: float = 0.0
    texture: float = 0.04  # relative standard deviation of the signal inside this tissue
    uptake: float = 0.2  # contrast-agent concentration relative to blood

    def t1(self, field_strength: float) -> float:
        """T1 = T1(3 T)·(B0 / 3 T)^p in seconds at `field_strength` in tesla."""
        return self.t1_3t * (field_strength / 3.0) ** self.t1_exponent

    def t2(self, field_strength: float) -> float:
        """T2 = T2(3 T)·(B0 / 3 T)^q in seconds at `field_strength` in tesla, limited to T1.

        Exponents measured at 1.5 and 3 T overshoot at 0.3 T.
        """
        return min(self.t2_3t * (field_strength / 3.0) ** self.t2_exponent, self.t1(field_strength))


TISSUES: dict[str, Tissue] = {
    "white_matter": Tissue(0.70, 0.832, 0.080, texture=0.04, uptake=0.02),
    "grey_matter": Tissue(0.82, 1.331, 0.110, texture=0.05, uptake=0.03),
    "csf": Tissue(1.00, 4.200, 1.500, 0.0, texture=0.03, uptake=0.0),
    "blood": Tissue(0.90, 1.930, 0.275, texture=0.05, uptake=1.0),
    "fat": Tissue(0.90, 0.371, 0.133, 0.365, -0.31, fat_fraction=0.95, texture=0.08, uptake=0.03),
    "marrow": Tissue(0.85, 0.365, 0.133, 0.345, -0.31, fat_fraction=0.90, texture=0.14, uptake=0.06),
    "skin": Tissue(0.70, 1.100, 0.035, texture=0.08),
    "bone": Tissue(0.12, 0.250, 0.004, texture=0.10, uptake=0.0),
    "muscle": Tissue(0.78, 1.420, 0.032, 0.33, -0.155, fat_fraction=0.04, texture=0.10),
    "cartilage": Tissue(0.76, 1.240, 0.037, 0.226, -0.19, texture=0.06),
    "fluid": Tissue(1.00, 3.620, 0.767, 0.345, -0.66, texture=0.03, uptake=0.0),
    "peripheral_zone": Tissue(0.88, 1.700, 0.160, texture=0.08),
    "transition_zone": Tissue(0.82, 1.500, 0.085, texture=0.10),
    "lesion": Tissue(0.88, 1.700, 0.180, texture=0.08, uptake=0.6),
    "oedema": Tissue(0.85, 1.350, 0.140, texture=0.06, uptake=0.05),
    "air": Tissue(0.0, 1.0, 0.01, texture=0.0, uptake=0.0),
    "ligament": Tissue(0.55, 1.000, 0.010, texture=0.12),
}
