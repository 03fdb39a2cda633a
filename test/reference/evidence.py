#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes evidence.csv: information values of the real data by optbinning 1.0.0 (Navas-Palencia 2020).

    evidence.py SHARED/data > evidence.csv

At most 8 bins, each of 5 % of the rows, event rates that rise or fall; optbinning's own 20 pre-bins of a
decision tree for numbers, labels under 1 % pooled for categories, missing values in a bin of their own.
"""
import sys
import warnings

import pandas
from optbinning import OptimalBinning

warnings.filterwarnings("ignore")
folder = sys.argv[1]
telco = pandas.read_csv(f"{folder}/telco-churn/Telco-Customer-Churn.csv")
telco["TotalCharges"] = pandas.to_numeric(telco["TotalCharges"], errors="coerce")
files = {
    "bank_marketing": (pandas.read_csv(f"{folder}/bank-marketing/bank-full.csv.gz", sep=";"), "y", "yes", {}),
    "bank_churn": (pandas.read_csv(f"{folder}/bank-churn/Churn_Modelling.csv"), "Exited", 1,
                   {"CreditScore": "credit_score", "Geography": "geography", "Gender": "gender", "Age": "age",
                    "Tenure": "tenure", "Balance": "balance", "NumOfProducts": "num_of_products",
                    "EstimatedSalary": "estimated_salary"}),
    "telco": (telco, "Churn", "Yes",
              {"gender": "gender", "tenure": "tenure", "InternetService": "internet_service",
               "Contract": "contract", "PaymentMethod": "payment_method", "MonthlyCharges": "monthly_charges",
               "TotalCharges": "total_charges"}),
}
print("file,feature,iv")
for file, (data, target, positive, names) in files.items():
    event = (data[target] == positive).astype(int).values
    for column in names or [c for c in data.columns if c != target]:
        number = pandas.api.types.is_numeric_dtype(data[column])
        binning = OptimalBinning(dtype="numerical" if number else "categorical", max_n_bins=8, min_bin_size=0.05,
                                 monotonic_trend="auto_asc_desc" if number else "auto",
                                 cat_cutoff=None if number else 0.01)
        binning.fit(data[column].values, event)
        binning.binning_table.build()
        print(f"{file},{names.get(column, column)},{binning.binning_table.iv:.9f}")
